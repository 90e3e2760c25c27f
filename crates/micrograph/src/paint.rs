//! Painting: color maps, contact sheets, overlays, scale bars, charts, calibrated TIFF out.
