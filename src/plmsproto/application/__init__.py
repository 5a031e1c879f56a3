"""The application layer: what the user data of frames say (AFN, SEQ, data units, AUX), and how to say it.

``message`` decodes and encodes, ``builders`` make messages of both sides, ``assembly`` divides and joins messages of
several frames, ``explain`` annotates bytes, ``interchange`` makes plain dicts. No sockets and no clock: see the caller.
"""
