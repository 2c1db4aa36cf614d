import com.pixelmed.validate.DicomSRValidator;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Validates the structured reports whose paths come on standard input, all in one process. */
class ValidateAll {
    static final String END = "== end of report ==";

    public static void main(String[] arguments) throws Exception {
        DicomSRValidator validator = new DicomSRValidator();
        BufferedReader paths =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String path = paths.readLine(); path != null; path = paths.readLine()) {
            String words;
            try {
                words = validator.validate(path);
            } catch (Exception error) {
                words = "Error: " + error;
            }
            System.out.println(words);
            System.out.println(END);
            System.out.flush();
        }
    }
}
