"""The pages with which the panel hides: an imitation of a web server's own answers."""

from werkzeug.wrappers import Response

_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def not_found() -> Response:
    return Response(_PAGE.format(title="404 Not Found"), 404, mimetype="text/html")


def banned() -> Response:
    return Response(b"", 403, mimetype="text/html")
