"""Run Slither on the contracts and print what it finds, one JSON object a line.

Run by proofs/run.py with the proofs' own Python:

    python proofs/slither_findings.py standard-input.json path/to/solc
"""

import json
import logging
import sys
from inspect import isclass
from pathlib import Path

from crytic_compile import CryticCompile
from crytic_compile.platform.solc_standard_json import SolcStandardJson
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector


def main() -> None:
    """Print each finding: detector, impact, and the elements it is about."""
    logging.disable(logging.CRITICAL)
    source, solc = sys.argv[1:]
    compiler_input = json.loads(Path(source).read_text(encoding="utf-8"))
    slither = Slither(CryticCompile(SolcStandardJson(compiler_input), solc=solc))
    for name in dir(all_detectors):
        each = getattr(all_detectors, name)
        if isclass(each) and issubclass(each, AbstractDetector):
            slither.register_detector(each)
    for findings in slither.run_detectors():
        for finding in findings:
            files = {
                element["source_mapping"]["filename_relative"] for element in finding["elements"]
            }
            if not any(".cache" in file or "node_modules" in file for file in files):
                print(
                    json.dumps(
                        {
                            "check": finding["check"],
                            "impact": finding["impact"],
                            "where": sorted(files),
                            "what": finding["description"].strip(),
                        }
                    )
                )


if __name__ == "__main__":
    main()
