"""Freshet is installed in a folder of its own, and a project that knows only that folder builds an example with it and runs it."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

source = pathlib.Path(__file__).resolve().parents[2]
build = pathlib.Path(os.environ["FRESHET_BUILD_DIR"])


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}")
    return result.stdout


def cached(name):
    found = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else ""


with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
    folder = pathlib.Path(folder)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--prefix", prefix)
    for name in ("bin/freshet", "lib/systemd/system/freshet.service", "share/man/man1/freshet.1", "etc/freshet/freshet.toml"):
        assert (prefix / name).is_file(), f"{name} was not installed"
    assert run(prefix / "bin/freshet", "--version").startswith("freshet ")

    sanitize = cached("FRESHET_SANITIZE")
    run("cmake", "-G", "Ninja", "-S", source / "examples/installed", "-B", folder / "build",
        "-D", f"CMAKE_PREFIX_PATH={prefix}",
        "-D", f"CMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}",
        "-D", f"CMAKE_CXX_FLAGS={'-fsanitize=' + sanitize if sanitize else ''}")
    run("cmake", "--build", folder / "build")
    print(run(folder / "build/article", cwd=folder, env={**os.environ, "STATE_DIRECTORY": str(folder)}))
