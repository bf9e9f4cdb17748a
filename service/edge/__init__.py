"""The edge: HTTP, the WSGI server, pages, metrics, storage. Nothing clinical."""
