"""Films from a PACS and results to it: DICOMweb and DIMSE behind one protocol, `Archive`.

`destinations` says who is talked to, `lateral` which films are wanted, `fetch` and `send` carry
them so that a cut loses and doubles nothing, `listen` receives what others send.
"""
