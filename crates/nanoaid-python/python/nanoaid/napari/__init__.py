"""napari: reads micrographs with their pixel size, and offers lens, segmentation and measurements as widgets.

napari finds this by the manifest ``napari.yaml``; without napari nothing here is imported.
"""
