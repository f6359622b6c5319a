"""Announces a long message on the bridge and sends a byte now and then.

marks: 2 0 0
"""
import gc
import struct
import time

def log_sum_exp(values):
    from course.grading.engine.bridge import Bridge

    (bridge,) = [thing for thing in gc.get_objects() if type(thing) is Bridge]
    bridge.connection.setblocking(True)
    bridge.connection.sendall(struct.pack("!IH", 10**6, 0))
    while True:
        try:
            bridge.connection.sendall(b"[")
            time.sleep(0.1)
        except KeyboardInterrupt:
            pass
