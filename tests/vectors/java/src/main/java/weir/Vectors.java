package weir;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Vectors DECL DATA: for every declaration in DECL, messages of all its versions as the original classes encode
 * them, one JSON object a line, into DATA/NAME.jsonl.gz.
 */
public final class Vectors {
    private static final Pattern HEAD =
        Pattern.compile("(?m)^api (\\w+)  key (\\d+)  versions (\\d+)(?:-(\\d+))?  flexible ");
    private static final Filler.Style[] STYLES = {
        Filler.Style.EMPTY, Filler.Style.FULL, Filler.Style.MIXED, Filler.Style.MIXED, Filler.Style.MIXED};

    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        Path data = Path.of(args[1]);
        TreeMap<String, Path> declarations = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(args[0]), "*.api")) {
            files.forEach(file -> declarations.put(file.getFileName().toString(), file));
        }
        try (DirectoryStream<Path> old = Files.newDirectoryStream(data, "*.jsonl.gz")) {
            for (Path file : old) {
                Files.delete(file);
            }
        }
        for (Path file : declarations.values()) {
            Matcher head = HEAD.matcher(Files.readString(file));
            if (!head.find()) {
                throw new IOException(file + ": no head");
            }
            api(head, data);
        }
        try (PrintStream out = open(data, "headers")) {
            header(out, "RequestHeader", 1, 2, RequestHeaderData::new, RequestHeaderData.SCHEMAS);
            header(out, "ResponseHeader", 0, 1, ResponseHeaderData::new, ResponseHeaderData.SCHEMAS);
        }
        System.out.println(declarations.size() + " APIs");
    }

    private static void api(Matcher head, Path data) throws Exception {
        ApiMessageType type = ApiMessageType.fromApiKey(Short.parseShort(head.group(2)));
        int low = Integer.parseInt(head.group(3));
        int high = head.group(4) == null ? low : Integer.parseInt(head.group(4));
        try (PrintStream out = open(data, head.group(1))) {
            for (int version = low; version <= high; ++version) {
                several(out, type.name, "request", version, type::newRequest, type.requestSchemas());
                several(out, type.name, "response", version, type::newResponse, type.responseSchemas());
            }
        }
    }

    private static void header(PrintStream out, String name, int low, int high, Supplier<Message> make,
            Schema[] schemas) throws Exception {
        for (int version = low; version <= high; ++version) {
            several(out, name, "header", version, make, schemas);
        }
    }

    private static PrintStream open(Path data, String name) throws IOException {
        return new PrintStream(new GZIPOutputStream(Files.newOutputStream(data.resolve(name + ".jsonl.gz"))), false,
            StandardCharsets.UTF_8);
    }

    private static void several(PrintStream out, String name, String kind, int version, Supplier<? extends Message> make,
            Schema[] schemas) throws Exception {
        for (int i = 0; i < STYLES.length; ++i) {
            Message message = make.get();
            new Filler((name + kind).hashCode() * 1000003L + version * 101L + i, STYLES[i])
                .fill(message, schemas[version]);
            ObjectNode line = MAPPER.createObjectNode();
            line.put("api", name).put("kind", kind).put("version", version);
            line.put("hex", HexFormat.of().formatHex(encode(message, (short) version)));
            line.set("json", json(message, (short) version));
            out.print(MAPPER.writeValueAsString(line) + "\n");
        }
    }

    private static byte[] encode(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) {
            throw new IllegalStateException("size and write differ");
        }
        return buffer.array();
    }

    private static JsonNode json(Message message, short version) throws ReflectiveOperationException {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        try {
            return (JsonNode) converter.getMethod("write", message.getClass(), short.class, boolean.class)
                .invoke(null, message, version, false);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(message.toString(), e.getCause());
        }
    }
}
