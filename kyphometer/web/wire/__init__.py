"""What goes over the wire: every request and answer of the API, declared once as types.

The description of the API and the types of the page are made from these.
"""
