"""Makes every later import in its interpreter sleep, and replaces modules.

marks: 2 0 0
"""
import sys
import time
import types

class Slow:
    def find_spec(self, *a):
        time.sleep(10**6)

sys.meta_path.insert(0, Slow())
for name in ("json", "struct", "socket", "traceback", "warnings"):
    sys.modules[name] = types.ModuleType(name)

def log_sum_exp(values):
    return values.sum(dim=1)
