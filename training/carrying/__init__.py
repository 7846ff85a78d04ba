"""Carrying texts into the library: Markdown and Word documents become the same blocks that the editor makes.

One way leads from each: the file is turned into plain HTML (:mod:`markdown`, :mod:`word`), and the HTML into sections
and passages (:mod:`passages`). What a file says of itself stands in its front matter (:mod:`fronts`), what its type
makes of it in :mod:`shapes`, what a text that came again keeps of its blocks' ids in :mod:`matching`. Nothing is lost in
silence: whatever could not be carried over is a :class:`~training.carrying.documents.Finding` with its place.
"""
