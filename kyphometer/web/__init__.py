"""The annotator: a server on this machine (or for a department) and the page that it serves.

Reading order: `server` starts it, `app` puts it together, `guards` and `gate` decide who may ask
what, `desk` is all that a reader may see and do, `routes_*` turn requests into calls on a desk,
`decoder` and `shelf` keep pixels at hand, `openapi` describes the whole. No science is done here:
numbers come from `kyphometer.measure` and below.
"""
