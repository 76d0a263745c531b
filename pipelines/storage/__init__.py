"""The versioned store: write, audit, publish, on a disk or an object store.

- ``store``: the facade; everything public is imported from it.
- ``versions``: version, provenance, manifest, digest; ``errors``: what can go wrong.
- ``drafts``: where a version is written before it is one.
- ``files``, ``local``, ``remote``: the two kinds of place a store can lie in.
- ``catalog``, ``listing``, ``retention``: what is current, what there is, what may go.
"""
