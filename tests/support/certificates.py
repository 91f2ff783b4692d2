"""Certificates that openssl makes for one test: an authority, a server at 127.0.0.1, a client, and an authority nobody trusts."""
import os
import subprocess


class Certificates:
    """Paths of PEM files in the folder; `server_pem` and `client_pem` hold the key and the certificate together."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self._authority("ca", "freshet test authority")
        self.other_ca = self._authority("other-ca", "another authority")
        self.server_key, self.server = self._signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.client_key, self.client = self._signed("client", "extendedKeyUsage=clientAuth")
        self.server_pem = self._joined("server", self.server_key, self.server)
        self.client_pem = self._joined("client", self.client_key, self.client)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")

    def _authority(self, name, subject):
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2",
                      "-subj", f"/CN={subject}", "-keyout", self._path(f"{name}-key.pem"), "-out", self._path(f"{name}.pem"))
        return self._path(f"{name}.pem")

    def _signed(self, name, extension):
        key, certificate = self._path(f"{name}-key.pem"), self._path(f"{name}.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2",
                      "-subj", f"/CN=freshet-{name}", "-addext", extension, "-addext", "basicConstraints=critical,CA:FALSE",
                      "-CA", self.ca, "-CAkey", self._path("ca-key.pem"), "-keyout", key, "-out", certificate)
        return key, certificate

    def _joined(self, name, key, certificate):
        path = self._path(f"{name}-both.pem")
        with open(path, "w") as both:
            for part in (key, certificate):
                with open(part) as file:
                    both.write(file.read())
        return path
