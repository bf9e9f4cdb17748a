"""Spellings of a FHIR base that must not be called, for a base that may be: what tests try, and what `make attack` sends."""

from __future__ import annotations


def tricks(scheme: str, host: str, other: str) -> dict[str, str]:
    """What each trick is, and its address, where `scheme://host/fhir` is listed and the host `other` is not.

    A host may name its port.
    """
    listed = f"{scheme}://{host}/fhir"
    return {
        "another host": f"{scheme}://{other}/fhir",
        "a host that begins alike": f"{scheme}://{host}.{other}/fhir",
        "a host that ends alike": f"{scheme}://evil-{host}/fhir",
        "a parent host": f"{scheme}://example.org/fhir",
        "another path": f"{scheme}://{host}/admin",
        "the root": f"{scheme}://{host}/",
        "a path that begins alike": f"{scheme}://{host}/fhirevil",
        "a path parameter": f"{scheme}://{host}/fhir;x=y",
        "another case of the path": f"{scheme}://{host}/FHIR",
        "http for https": f"http://{host}/fhir",
        "http on the port of https": f"http://{host}:443/fhir",
        "another port": f"{scheme}://{host}:8443/fhir",
        "port zero": f"{scheme}://{host}:0/fhir",
        "a port beyond all": f"{scheme}://{host}:65536/fhir",
        "a port in other digits": f"{scheme}://{host}:\u0664\u0664\u0663/fhir",
        "a user": f"{scheme}://user@{host}/fhir",
        "a user and password": f"{scheme}://user:secret@{host}/fhir",
        "an empty user": f"{scheme}://@{host}/fhir",
        "the listed host as user": f"{scheme}://{host}@{other}/fhir",
        "the listed base as user": f"{scheme}://{host}%2Ffhir@{other}/fhir",
        "dots": f"{scheme}://{host}/fhir/../admin",
        "dots that come back": f"{scheme}://{host}/evil/../fhir",
        "a single dot": f"{scheme}://{host}/./fhir",
        "escaped dots": f"{scheme}://{host}/fhir/%2e%2e/admin",
        "half-escaped dots": f"{scheme}://{host}/fhir/.%2E/admin",
        "dots escaped twice": f"{scheme}://{host}/fhir/%252e%252e/admin",
        "dots and an escaped slash": f"{scheme}://{host}/fhir/..%2fadmin",
        "dots before a path parameter": f"{scheme}://{host}/fhir/..;/admin",
        "a dot before a path parameter": f"{scheme}://{host}/fhir/.;x=y/admin",
        "an escaped path": f"{scheme}://{host}/%66hir",
        "an escaped host": f"{scheme}://%65hr.example.org/fhir",
        "two slashes": f"{scheme}://{host}//fhir",
        "two slashes to another host": f"{scheme}://{host}//{other}/fhir",
        "a backslash after the host": f"{scheme}://{host}\\@{other}/fhir",
        "backslashes for slashes": f"{scheme}:\\\\{host}\\fhir",
        "a backslash before the host": f"{scheme}://{other}\\{host}/fhir",
        "a query": f"{scheme}://{host}/fhir?x=/fhir",
        "an empty query": f"{scheme}://{host}/fhir?",
        "a fragment": f"{scheme}://{host}/fhir#x",
        "an empty fragment": f"{scheme}://{other}#{host}/fhir",
        "a space inside": f"{scheme}://{host}/fhir x",
        "a space in the host": f"{scheme}://{host} .{other}/fhir",
        "a tab": f"{scheme}://ehr.exa\tmple.org/fhir",
        "a line break": f"{scheme}://{host}/fhir\r\nHost: {other}",
        "a null character": f"{scheme}://{host}\x00.{other}/fhir",
        "a soft hyphen": f"{scheme}://ehr.exam\u00adple.org/fhir",
        "a right-to-left mark": f"{scheme}://{host}/fhir\u202e",
        "a full-width host": f"{scheme}://\uff45hr.example.org/fhir",
        "an ideographic full stop": f"{scheme}://ehr.example\u3002org/fhir",
        "a look-alike letter": f"{scheme}://\u0435hr.example.org/fhir",
        "its punycode": f"{scheme}://xn--hr-7lc.example.org/fhir",
        "a trailing dot": f"{scheme}://{host}./fhir",
        "an address of IPv4": f"{scheme}://127.0.0.1/fhir",
        "an address as one number": f"{scheme}://2130706433/fhir",
        "an address of IPv6": f"{scheme}://[::1]/fhir",
        "an address of IPv6 with a zone": f"{scheme}://[fe80::1%25eth0]/fhir",
        "half an address of IPv6": f"{scheme}://[::1/fhir",
        "the metadata of a cloud": "http://169.254.169.254/latest/meta-data",
        "no scheme": f"//{host}/fhir",
        "no scheme and no slashes": f"{host}/fhir",
        "one slash": f"{scheme}:/{host}/fhir",
        "no slash": f"{scheme}:{host}/fhir",
        "no host": f"{scheme}:///fhir",
        "a file": "file:///etc/passwd",
        "a file of the host": f"file://{host}/fhir",
        "another scheme": f"ftp://{host}/fhir",
        "gopher": f"gopher://{host}:443/fhir",
        "a scheme before the scheme": f"url:{scheme}://{host}/fhir",
        "javascript": "javascript:alert(1)",
        "an unresolved token": "{{fhirServerUrl}}",
        "an unresolved token in a path": f"{scheme}://{host}/fhir/{{{{tenant}}}}",
        "a word": "fhir",
        "a list of bases": f"{listed},{scheme}://{other}",
        "a very long address": f"{scheme}://{host}/" + "x" * 100_000,
    }


def loopbacks(port: int) -> dict[str, str]:
    """Spellings of this machine's own address, where nothing of it is listed at this port."""
    hosts = (
        *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1"),
        *("0.0.0.0", "0", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "127.127.127.127"),  # noqa: S104 - nothing is bound to it
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]"),
        *(
            "\uff11\uff12\uff17.0.0.1",
            "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
            "127\u30020\u30020\u30021",
            "%31%32%37.0.0.1",
        ),
    )
    return {f"this machine as {host}": f"http://{host}:{port}/fhir" for host in hosts}
