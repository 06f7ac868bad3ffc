package weir;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** Sets the fields that one version of a message has to drawn values; the others keep their defaults. */
final class Filler {
    /** How rich the values are. */
    enum Style { EMPTY, FULL, MIXED }

    private static final String[] PIECES = {"topic", "α", "\u0001", "\"q\\", "日本", "\uD83D\uDE00", "-", ".", "Z9", " "};

    private final Random random;
    private final Style style;
    private int room = 400;  // structs that may still be made, so that nested arrays stay moderate

    Filler(long seed, Style style) {
        this.random = new Random(seed);
        this.style = style;
        random.nextInt();
    }

    void fill(Message message, Schema schema) throws ReflectiveOperationException {
        --room;
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                for (var known : tagged.fields().values()) {
                    if (style == Style.FULL || (style == Style.MIXED && random.nextBoolean())) {
                        set(message, known);
                    }
                }
                addUnknown(message);
            } else {
                set(message, bound.def);
            }
        }
    }

    private void set(Message message, org.apache.kafka.common.protocol.types.Field declared)
            throws ReflectiveOperationException {
        Field field = find(message.getClass(), declared.name);
        field.set(message, value(declared.type, field.getGenericType(), field.getType()));
    }

    private void addUnknown(Message message) {
        if (style == Style.EMPTY || random.nextInt(4) != 0) {
            return;
        }
        TreeSet<Integer> tags = new TreeSet<>();
        for (int i = 1 + random.nextInt(3); i > 0; --i) {
            tags.add(random.nextBoolean() ? 60 + random.nextInt(100) : 1 << (7 + random.nextInt(23)));
        }
        for (int tag : tags) {
            byte[] data = new byte[random.nextInt(5) == 0 ? 130 + random.nextInt(20) : random.nextInt(6)];
            random.nextBytes(data);
            message.unknownTaggedFields().add(new RawTaggedField(tag, data));
        }
    }

    private static Field find(Class<?> owner, String name) throws NoSuchFieldException {
        String wanted = name.replace("_", "").toLowerCase();
        for (Field field : owner.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && field.getName().toLowerCase().equals(wanted)) {
                field.setAccessible(true);
                return field;
            }
        }
        throw new NoSuchFieldException(owner + "." + name);
    }

    private Object value(Type type, java.lang.reflect.Type generic, Class<?> java) throws ReflectiveOperationException {
        if (type.isNullable() && (style == Style.EMPTY || (style == Style.MIXED && random.nextInt(3) == 0))) {
            return null;
        }
        if (type.isArray()) {
            return array(type.arrayElementType().get(), generic, java);
        }
        if (type instanceof Schema schema) {
            Message made = (Message) java.getDeclaredConstructor().newInstance();
            fill(made, schema);
            return made;
        }
        if (java == String.class) {
            return string();
        }
        if (java == Uuid.class) {
            return style == Style.EMPTY ? Uuid.ZERO_UUID : new Uuid(number(64), number(64));
        }
        if (java == boolean.class || java == Boolean.class) {
            return style != Style.EMPTY && random.nextBoolean();
        }
        if (java == double.class || java == Double.class) {
            return style == Style.EMPTY ? 0.0 : random.nextGaussian() * 1e6;
        }
        if (java == byte[].class) {
            return binary();
        }
        if (java == ByteBuffer.class) {
            return ByteBuffer.wrap(binary());
        }
        if (type.toString().endsWith("RECORDS")) {
            return MemoryRecords.readableRecords(ByteBuffer.wrap(binary()));
        }
        return integer(type, java);
    }

    private Object integer(Type type, Class<?> java) {
        if (java == long.class || java == Long.class) {
            return number(64);
        }
        if (java == short.class || java == Short.class) {
            return (short) number(16);
        }
        if (java == byte.class || java == Byte.class) {
            return (byte) number(8);
        }
        if (java == int.class || java == Integer.class) {
            return type.toString().equals("UINT16") ? (int) (number(16) & 0xffff) : (int) number(32);
        }
        throw new IllegalArgumentException(type + " as " + java);
    }

    private Object array(Type element, java.lang.reflect.Type generic, Class<?> java)
            throws ReflectiveOperationException {
        Class<?> of = elementOf(generic);
        @SuppressWarnings("unchecked")
        Collection<Object> made = java == List.class ? new ArrayList<>()
            : (Collection<Object>) java.getDeclaredConstructor().newInstance();
        for (int i = count(element instanceof Schema); i > 0; --i) {
            made.add(value(element, of, of));
        }
        return made;
    }

    private int count(boolean structs) {
        if (style == Style.EMPTY || room <= 0) {
            return 0;
        }
        if (!structs && random.nextInt(40) == 0) {
            return 120 + random.nextInt(20);  // around where a length takes two bytes
        }
        if (style == Style.FULL) {
            return 1 + random.nextInt(structs ? 4 : 6);
        }
        return random.nextInt(3);
    }

    private static Class<?> elementOf(java.lang.reflect.Type generic) {
        if (generic instanceof ParameterizedType list) {
            return (Class<?>) list.getActualTypeArguments()[0];
        }
        return elementOf(((Class<?>) generic).getGenericSuperclass());
    }

    /** Small, large and extreme values of so many bits. */
    private long number(int bits) {
        if (style == Style.EMPTY) {
            return 0;
        }
        long most = bits == 64 ? Long.MAX_VALUE : (1L << (bits - 1)) - 1;
        return switch (random.nextInt(6)) {
            case 0 -> -1;
            case 1 -> most;
            case 2 -> -most - 1;
            case 3 -> random.nextInt(100);
            default -> random.nextLong() >> (64 - bits);
        };
    }

    private String string() {
        StringBuilder made = new StringBuilder();
        int pieces = style == Style.EMPTY ? 0 : random.nextInt(30) == 0 ? 60 : random.nextInt(4);
        for (int i = 0; i < pieces; ++i) {
            made.append(PIECES[random.nextInt(PIECES.length)]);
        }
        return made.toString();
    }

    private byte[] binary() {
        byte[] made = new byte[style == Style.EMPTY ? 0 : random.nextInt(20) == 0 ? 1500 : random.nextInt(40)];
        random.nextBytes(made);
        return made;
    }
}
