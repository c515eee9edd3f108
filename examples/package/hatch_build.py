"""Compiles classifier.mg when the wheel is built, and puts the library and its Python module into the wheel."""

import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

from matgrad.runtime.ahead import build


class CompileFunctions(BuildHookInterface):
    """The build step: `matgrad build fitting/classifier.mg --wrt w --emit so`, into a folder of its own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the files for the wheel; it is one for this platform, and for every Python."""
        self.place = tempfile.TemporaryDirectory()
        source = Path(self.root) / "fitting" / "classifier.mg"
        for path in build(source, self.place.name, wrt=["w"], emit="so"):
            build_data["force_include"][str(path)] = f"fitting/{path.name}"
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        build_data["pure_python"] = False

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        self.place.cleanup()
