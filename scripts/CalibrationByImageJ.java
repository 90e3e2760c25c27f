import ij.IJ;
import ij.ImagePlus;
import ij.measure.Calibration;
import java.io.File;
import java.nio.file.Files;
import java.util.List;

/** What ImageJ takes for the size of a pixel in each file of a folder with its sizes.csv: the largest relative error. */
class CalibrationByImageJ {
    public static void main(String[] arguments) throws Exception {
        File folder = new File(arguments[0]);
        List<String> rows = Files.readAllLines(new File(folder, "sizes.csv").toPath());
        double worst = 0;
        int n = 0;
        for (String row : rows.subList(1, rows.size())) {
            String[] cells = row.split(",");
            ImagePlus image = IJ.openImage(new File(folder, cells[0]).getPath());
            Calibration calibration = image.getCalibration();
            if (!calibration.scaled()) {
                throw new Exception(cells[0] + ": no calibration");
            }
            double nm = nanometres(calibration.getUnit(), cells[0]);
            double width = Double.parseDouble(cells[1]);
            double height = Double.parseDouble(cells[2]);
            worst = Math.max(worst, Math.abs(calibration.pixelWidth * nm / width - 1));
            worst = Math.max(worst, Math.abs(calibration.pixelHeight * nm / height - 1));
            n += 1;
        }
        System.out.printf("ImageJ %s: %d files, largest relative error %.1e%n", IJ.getVersion(), n, worst);
        System.exit(n == 100 && worst <= 1e-6 ? 0 : 1);
    }

    static double nanometres(String unit, String file) throws Exception {
        switch (unit) {
            case "nm": return 1;
            case "\u00b5m": case "um": case "micron": return 1e3;
            case "mm": return 1e6;
            default: throw new Exception(file + ": unit `" + unit + "`");
        }
    }
}
