"""The annotator: a server on this machine (or for a department) and the page that it serves.

Reading order: `server` starts it and puts it together, `access` decides who may ask what, `reader`
is all that a reader may see and do, `routes` turn requests into calls on it, `views` say what the
page is told, `pixels` keeps decoded films at hand, `openapi` describes the whole. No science is
done here: numbers come from `kyphometer.measure` and below.
"""
