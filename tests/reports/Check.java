// Reads our reports with readers that others made, and fails on the first that one of them refuses.
//
//   java -cp 'JARS/*' Check.java FOLDER
//
// *.xml: the schemas of ETSI TS 119 102-2, XAdES, XML-DSig and trusted lists as DSS has them, then that every name for
// which the standard or DSS has a list is on it, and that what refers to an object refers to one of the kind it says.
// *.pdf: veraPDF, PDF/A as the file declares it, and PDF/UA-1.

import eu.europa.esig.dss.enumerations.SignatureQualification;
import eu.europa.esig.dss.enumerations.TimestampQualification;
import eu.europa.esig.validationreport.ValidationReportFacade;
import eu.europa.esig.validationreport.parsers.UriBasedEnumParser;
import java.io.File;
import java.io.FileInputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

public class Check {
    private static final String REPORT = "http://uri.etsi.org/19102/v1.4.1#";
    private static final Map<String, Function<String, ?>> NAMES = new HashMap<>();

    static {
        NAMES.put("MainIndication", UriBasedEnumParser::parseMainIndication);
        NAMES.put("SubIndication", UriBasedEnumParser::parseSubIndication);
        NAMES.put("ObjectType", UriBasedEnumParser::parseObjectType);
        NAMES.put("Status", UriBasedEnumParser::parseConstraintStatus);
        NAMES.put("TypeOfProof", UriBasedEnumParser::parseTypeOfProof);
        NAMES.put("SignatureValidationProcessID", UriBasedEnumParser::parseSignatureValidationProcessID);
        NAMES.put("RevocationReason", UriBasedEnumParser::parseRevocationReason);
        Set<String> qualities = new HashSet<>();
        Arrays.stream(SignatureQualification.values()).forEach(one -> qualities.add(one.getUri()));
        Arrays.stream(TimestampQualification.values()).forEach(one -> qualities.add(one.getUri()));
        NAMES.put("SignatureQualityInformation", uri -> qualities.contains(uri) ? uri : null);
    }

    public static void main(String[] arguments) throws Exception {
        File[] files = new File(arguments[0]).listFiles();
        Arrays.sort(files);
        int reports = 0, pdfs = 0;
        for (File file : files) {
            if (file.getName().endsWith(".xml")) {
                xml(file);
                if (reports++ == 0) {
                    refusesBroken(file);
                }
            } else if (file.getName().endsWith(".pdf")) {
                pdf(file);
                pdfs++;
            }
        }
        System.out.println(reports + " validation reports and " + pdfs + " PDF files are valid");
    }

    private static void xml(File file) throws Exception {
        ValidationReportFacade.newFacade().unmarshall(file, true);
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(file);
        for (Map.Entry<String, Function<String, ?>> name : NAMES.entrySet()) {
            for (Element element : elements(document, name.getKey())) {
                String text = element.getTextContent();
                require(name.getValue().apply(text) != null, file, name.getKey() + " is not known: " + text);
            }
        }
        Map<String, String> kinds = new HashMap<>();
        for (Element object : elements(document, "ValidationObject")) {
            NodeList type = object.getElementsByTagNameNS(REPORT, "ObjectType");
            if (object.hasAttribute("id")) {
                String kind = type.item(0).getTextContent();
                kinds.put(object.getAttribute("id"), kind.substring(kind.lastIndexOf(':') + 1));
            }
        }
        for (String name : List.of("SignerCertificate", "SigningCertificate", "IntermediateCertificate", "TrustAnchor", "Certs")) {
            refers(document, file, kinds, name, Set.of("certificate"));
        }
        refers(document, file, kinds, "POEObject", Set.of("timestamp"));
        refers(document, file, kinds, "RevocationObject", Set.of("CRL", "OCSPResponse"));
        refers(document, file, kinds, "RelatedValidationObject", Set.of("CRL", "OCSPResponse"));
        refers(document, file, kinds, "SignersDocumentRef", Set.of("signedData"));
    }

    /** What reads everything proves nothing. */
    private static void refusesBroken(File file) throws Exception {
        String text = Files.readString(file.toPath());
        String[][] breaks = {
            {"<TypeOfProof>", "<TypeOfProof/><TypeOfProof>"}, {"mainindication:", "mainindication:all-but-"}, {"POETime>20", "POETime>X"},
        };
        for (String[] one : breaks) {
            File broken = File.createTempFile("broken", ".xml");
            Files.writeString(broken.toPath(), text.replace(one[0], one[1]));
            boolean refused = false;
            try {
                xml(broken);
            } catch (Exception expected) {
                refused = true;
            }
            require(refused, file, "is read with " + one[1] + " in it, too");
            broken.delete();
        }
    }

    private static void refers(Document document, File file, Map<String, String> kinds, String name, Set<String> wanted) throws Exception {
        for (Element element : elements(document, name)) {
            for (String id : element.getAttribute("VOReference").trim().split("\\s+")) {
                boolean fits = id.isEmpty() || wanted.contains(kinds.get(id));
                require(fits, file, name + " refers to " + id + ", a " + kinds.get(id));
            }
        }
    }

    private static List<Element> elements(Document document, String name) {
        NodeList list = document.getElementsByTagNameNS(REPORT, name);
        List<Element> elements = new ArrayList<>();
        for (int index = 0; index < list.getLength(); index++) {
            elements.add((Element) list.item(index));
        }
        return elements;
    }

    private static void pdf(File file) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        PDFAFlavour declared;
        try (var parser = Foundries.defaultInstance().createParser(new FileInputStream(file))) {
            declared = parser.getFlavour();
        }
        require(declared.getId().endsWith("a"), file, "declares PDF/A-" + declared.getId() + ", not level A");
        for (PDFAFlavour flavour : List.of(declared, PDFAFlavour.PDFUA_1)) {
            try (var parser = Foundries.defaultInstance().createParser(new FileInputStream(file), flavour);
                    var validator = Foundries.defaultInstance().createValidator(flavour, false)) {
                var result = validator.validate(parser);
                for (TestAssertion assertion : result.getTestAssertions()) {
                    System.err.println(assertion.getRuleId() + ": " + assertion.getMessage() + " " + assertion.getLocation());
                }
                require(result.isCompliant() && result.getTotalAssertions() > 0, file, "is not " + flavour.getId());
            }
        }
    }

    private static void require(boolean holds, File file, String otherwise) throws Exception {
        if (!holds) {
            throw new Exception(file + ": " + otherwise);
        }
    }
}
