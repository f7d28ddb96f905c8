#!/usr/bin/python3
"""compile-commands.py 'COMPILER FLAGS' FILE... -> compile_commands.json on stdout."""
import json
import os
import sys

flags, files = sys.argv[1], sys.argv[2:]
print(json.dumps([{"directory": os.getcwd(), "command": f"{flags} -c {f}", "file": f} for f in files], indent=1))
