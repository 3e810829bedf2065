"""Compares SBOMs with the schema of CycloneDX, and counts what they list. For scripts/release-checks."""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
    if fault is not None:
        sys.exit(f"{path} is not as the schema of CycloneDX 1.5 has it: {str(fault.data)[:2000]}")
    components = json.loads(text)["components"]
    # Our own crates and Go's standard library have none.
    hashed = [component for component in components if "hashes" in component]
    print(f"{path}: valid, {len(components)} components, {len(hashed)} with a SHA-256")
