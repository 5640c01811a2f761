// Prints what Cassandra's own types do with values, as tables for tests/cql.rs:
//
//   java TypeTables.java order SEED RANDOM_TYPES VALUES   order and byte-comparable form of values of many types
//   java TypeTables.java valid SEED RANDOM_TYPES VALUES   which byte strings are values of a type
//   java TypeTables.java names SEED RANDOM_TYPES          types as Java class names and as CQL
//   java TypeTables.java keys SEED COUNT                  tokens, hashes and decorated keys of each partitioner
//   java TypeTables.java clusterings SEED COUNT           clustering prefixes of every kind
//
// Run by scripts/cassandra (`java` command), which sets the class path.

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.cql3.FieldIdentifier;
import org.apache.cassandra.db.*;
import org.apache.cassandra.db.marshal.*;
import org.apache.cassandra.dht.*;
import org.apache.cassandra.utils.*;
import org.apache.cassandra.utils.bytecomparable.*;

public class TypeTables
{
    static Random random;

    static final AbstractType<?>[] SIMPLE = {
        AsciiType.instance, BooleanType.instance, BytesType.instance, ByteType.instance, DateType.instance,
        DecimalType.instance, DoubleType.instance, DurationType.instance, FloatType.instance,
        InetAddressType.instance, Int32Type.instance, IntegerType.instance, LexicalUUIDType.instance,
        LongType.instance, ShortType.instance, SimpleDateType.instance, TimestampType.instance, TimeType.instance,
        TimeUUIDType.instance, UTF8Type.instance, UUIDType.instance
    };

    public static void main(String[] args)
    {
        DatabaseDescriptor.clientInitialization();
        random = new Random(Long.parseLong(args[1]));
        int count = Integer.parseInt(args[2]);
        switch (args[0])
        {
            case "order": types(count).forEach(t -> order(t, Integer.parseInt(args[3]))); break;
            case "valid": types(count).forEach(t -> valid(t, Integer.parseInt(args[3]))); break;
            case "names": types(count).forEach(TypeTables::names); break;
            case "keys": keys(count); break;
            case "clusterings": clusterings(count); break;
            default: throw new IllegalArgumentException(args[0]);
        }
        System.out.flush();
        System.exit(0);
    }

    static List<AbstractType<?>> types(int count)
    {
        List<AbstractType<?>> all = new ArrayList<>(Arrays.asList(SIMPLE));
        for (int i = 0; i < count; i++)
            all.add(type(1 + random.nextInt(3), true));
        return all;
    }

    static AbstractType<?> type(int depth, boolean top)
    {
        int kind = depth == 0 ? 0 : random.nextInt(7);
        switch (kind)
        {
            case 1: return ListType.getInstance(type(depth - 1, false).freeze(), false);
            case 2: return SetType.getInstance(type(depth - 1, false).freeze(), false);
            case 3: return MapType.getInstance(type(depth - 1, false).freeze(), type(depth - 1, false).freeze(), false);
            case 4: return new TupleType(many(depth - 1));
            case 5:
                List<AbstractType<?>> types = many(depth - 1);
                List<FieldIdentifier> names = new ArrayList<>();
                for (int i = 0; i < types.size(); i++)
                    names.add(FieldIdentifier.forInternalString(new String[]{ "f", "Zug", "größe", "a b" }[random.nextInt(4)] + i));
                return new UserType("ks", bytes(random.nextBoolean() ? "addr" : "Ä \"x"), names, types, false);
            case 6: return VectorType.getInstance(type(depth - 1, false).freeze(), 1 + random.nextInt(3));
            default: return SIMPLE[random.nextInt(SIMPLE.length)];
        }
    }

    static List<AbstractType<?>> many(int depth)
    {
        List<AbstractType<?>> types = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--)
            types.add(type(depth, false).freeze());
        return types;
    }

    static ByteBuffer bytes(String s) { return ByteBuffer.wrap(s.getBytes(StandardCharsets.UTF_8)); }

    static ByteBuffer some(int length)
    {
        byte[] b = new byte[length];
        for (int i = 0; i < length; i++)
            b[i] = (byte) new int[]{ 0, 0, 1, 0x7f, 0x80, 0xff, random.nextInt(256), random.nextInt(256) }[random.nextInt(8)];
        return ByteBuffer.wrap(b);
    }

    static ByteBuffer pack(List<ByteBuffer> parts)
    {
        int size = 0;
        for (ByteBuffer p : parts)
            size += p.remaining();
        ByteBuffer out = ByteBuffer.allocate(size);
        for (ByteBuffer p : parts)
            out.put(p.duplicate());
        out.flip();
        return out;
    }

    static ByteBuffer number(int n) { return ByteBuffer.allocate(4).putInt(0, n); }

    /** Bytes that the type accepts. */
    static ByteBuffer value(AbstractType<?> t)
    {
        if (t.allowsEmpty() && t.valueLengthIfFixed() >= 0 && random.nextInt(12) == 0 && !t.isVector())
            return ByteBufferUtil.EMPTY_BYTE_BUFFER;
        if (t instanceof ListType || t instanceof SetType || t instanceof MapType)
        {
            List<ByteBuffer> parts = new ArrayList<>();
            int n = random.nextInt(4);
            parts.add(number(n));
            for (int i = 0; i < n; i++)
                for (AbstractType<?> e : t.subTypes())
                {
                    ByteBuffer v = value(e);
                    parts.add(number(v.remaining()));
                    parts.add(v);
                }
            return pack(parts);
        }
        if (t instanceof TupleType)
        {
            List<ByteBuffer> parts = new ArrayList<>();
            List<AbstractType<?>> fields = ((TupleType) t).allTypes();
            int n = random.nextInt(3) == 0 ? random.nextInt(fields.size() + 1) : fields.size();
            for (int i = 0; i < n; i++)
            {
                ByteBuffer v = value(fields.get(i));
                boolean isNull = random.nextInt(5) == 0;
                parts.add(number(isNull ? -1 : v.remaining()));
                if (!isNull)
                    parts.add(v);
            }
            return pack(parts);
        }
        if (t instanceof VectorType)
        {
            VectorType<?> vector = (VectorType<?>) t;
            List<ByteBuffer> parts = new ArrayList<>();
            for (int i = 0; i < vector.dimension; i++)
            {
                ByteBuffer v;
                do { v = value(vector.elementType); } while (!v.hasRemaining() && vector.elementType.valueLengthIfFixed() >= 0);
                if (vector.elementType.valueLengthIfFixed() < 0)
                {
                    // As an unsigned vint of two bytes where one is not enough.
                    int n = v.remaining();
                    parts.add(ByteBuffer.wrap(n < 128 ? new byte[]{ (byte) n } : new byte[]{ (byte) (0x80 | n >> 8), (byte) n }));
                }
                parts.add(v);
            }
            return pack(parts);
        }
        if (t instanceof DurationType)
            return DurationType.instance.decompose(random.nextBoolean()
                ? org.apache.cassandra.cql3.Duration.newInstance(random.nextInt(40), random.nextInt(40), random.nextLong() >>> 1 + random.nextInt(50))
                : org.apache.cassandra.cql3.Duration.newInstance(-random.nextInt(3), -random.nextInt(4000), -random.nextInt(5)));
        if (t instanceof DecimalType && random.nextInt(3) > 0)
            return pack(Arrays.asList(number(random.nextInt(7) - 3), value(ShortType.instance)));
        if (t instanceof DecimalType)
            return pack(Arrays.asList(number(random.nextInt(8) == 0 ? Integer.MIN_VALUE + random.nextInt(3) : random.nextInt(8) == 0 ? Integer.MAX_VALUE : random.nextInt(2000) - 1000), ByteBuffer.wrap(big(1 + random.nextInt(12)))));
        if (t instanceof IntegerType)
            return ByteBuffer.wrap(big(random.nextInt(4) == 0 ? 1 + random.nextInt(40) : 1 + random.nextInt(10)));
        if (t instanceof InetAddressType)
            return some(random.nextBoolean() ? 4 : 16);
        if (t instanceof UTF8Type)
            return bytes(text());
        if (t instanceof AsciiType)
            return bytes(text().replaceAll("[^\\x00-\\x7f]", "~"));
        if (t instanceof BytesType)
            return some(random.nextInt(7));
        if (t instanceof TimeUUIDType || t instanceof UUIDType)
        {
            ByteBuffer v = some(16);
            // Often one time, so that the other half decides.
            if (random.nextBoolean())
                v.putLong(0, 0x5a1c395eb41f11e5L);
            if (t instanceof TimeUUIDType || random.nextBoolean())
                v.put(6, (byte) (v.get(6) & 0x0f | 0x10));
            return v;
        }
        if (t instanceof BooleanType)
            return some(1);
        if (t instanceof FloatType && random.nextInt(3) == 0)
            return FloatType.instance.decompose(new Float[]{ 0f, -0f, Float.NaN, Float.NEGATIVE_INFINITY, 1.5f }[random.nextInt(5)]);
        if (t instanceof DoubleType && random.nextInt(3) == 0)
            return DoubleType.instance.decompose(new Double[]{ 0d, -0d, Double.NaN, Double.POSITIVE_INFINITY, -1e300 }[random.nextInt(5)]);
        if (t instanceof LongType && random.nextBoolean())
            return LongType.instance.decompose(random.nextLong() >> random.nextInt(64));
        int fixed = t.valueLengthIfFixed();
        if (fixed > 0)
            return some(fixed);
        if (t instanceof ByteType) return some(1);
        if (t instanceof ShortType) return some(2);
        if (t instanceof SimpleDateType) return some(4);
        if (t instanceof TimeType) return some(8);
        throw new IllegalStateException(t.toString());
    }

    static byte[] big(int length)
    {
        return new BigInteger(some(length).array()).toByteArray();
    }

    static String text()
    {
        String[] parts = { "", "a", "b", "\0", "\0\0", "é", "\ud83d\ude00", "\uffee", "z", "\u0001", "\u007f" };
        StringBuilder sb = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--)
            sb.append(parts[random.nextInt(parts.length)]);
        return sb.toString();
    }

    static String hex(ByteBuffer b) { return ByteBufferUtil.bytesToHex(b); }

    static String comparable(ByteSource source)
    {
        if (source == null)
            return "null";
        StringBuilder sb = new StringBuilder();
        for (int b = source.next(); b != ByteSource.END_OF_STREAM; b = source.next())
            sb.append(String.format("%02x", b));
        return sb.toString();
    }

    /** `type NAME`, then a line a value in ascending order: `<` or, when it equals the one before, `=`, value, form. */
    static void order(AbstractType<?> t, int count)
    {
        List<ByteBuffer> values = new ArrayList<>();
        for (int i = 0; i < count; i++)
            values.add(value(t));
        values.sort(t::compare);
        System.out.println("type " + t);
        ByteBuffer previous = null;
        for (ByteBuffer v : values)
        {
            String relation = previous != null && t.compare(previous, v) == 0 ? "=" : "<";
            if (!v.equals(previous))
                System.out.println(relation + " '" + hex(v) + "' " + comparable(t.asComparableBytes(v, ByteComparable.Version.OSS50)));
            previous = v;
        }
    }

    /** `type NAME`, then `+` or `-` and the bytes: values, and the same with a few bytes changed. */
    static void valid(AbstractType<?> t, int count)
    {
        System.out.println("type " + t);
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < count; i++)
        {
            ByteBuffer v = value(t);
            if (random.nextInt(3) > 0)
                v = damage(v);
            else if (t instanceof CollectionType && random.nextInt(3) == 0)
                v = pack(Arrays.asList(number(1), number(0), number(-1)));
            else if (t instanceof CollectionType && random.nextInt(3) == 0)
                v = pack(Arrays.asList(number(1), number(-1)));
            boolean ok = true;
            try { t.validate(v); }
            catch (RuntimeException | AssertionError e) { ok = false; }
            seen.add((ok ? "+" : "-") + " '" + hex(v) + "'");
        }
        seen.forEach(System.out::println);
    }

    static ByteBuffer damage(ByteBuffer v)
    {
        byte[] b = ByteBufferUtil.getArray(v);
        switch (random.nextInt(3))
        {
            case 0: return ByteBuffer.wrap(Arrays.copyOf(b, b.length == 0 ? 1 : random.nextInt(b.length)));
            case 1: return ByteBuffer.wrap(Arrays.copyOf(b, b.length + 1 + random.nextInt(4)));
            default:
                if (b.length > 0)
                    b[random.nextInt(b.length)] = (byte) random.nextInt(256);
                return ByteBuffer.wrap(b);
        }
    }

    /** Java name, tab, CQL name; frozen and, where that differs, not frozen. */
    static void names(AbstractType<?> t)
    {
        System.out.println(t + "\t" + t.asCQL3Type());
        if (t instanceof CollectionType)
        {
            AbstractType<?> loose = ((CollectionType<?>) t).unfreeze();
            System.out.println(loose + "\t" + loose.asCQL3Type());
        }
        if (t instanceof UserType)
        {
            UserType u = (UserType) t;
            UserType loose = new UserType(u.keyspace, u.name, u.fieldNames(), u.fieldTypes(), true);
            System.out.println(loose + "\t" + loose.asCQL3Type());
        }
        System.out.println(ReversedType.getInstance(t) + "\t" + ReversedType.getInstance(t).asCQL3Type());
    }

    /** Key, then of each partitioner: token, decorated key; of Murmur3 also both halves of the hash. */
    static void keys(int count)
    {
        AbstractType<?> local = CompositeType.getInstance(UTF8Type.instance, Int32Type.instance);
        IPartitioner[] partitioners = { Murmur3Partitioner.instance, RandomPartitioner.instance, ByteOrderedPartitioner.instance,
                                        OrderPreservingPartitioner.instance, new LocalPartitioner(local) };
        for (IPartitioner p : partitioners)
        {
            List<DecoratedKey> keys = new ArrayList<>();
            for (int i = 0; i < count; i++)
                keys.add(p.decorateKey(p instanceof LocalPartitioner
                    ? CompositeType.build(ByteBufferAccessor.instance, value(UTF8Type.instance), value(Int32Type.instance))
                    : random.nextBoolean() ? some(1 + random.nextInt(40)) : bytes("k" + text())));
            Collections.sort(keys);
            System.out.println("partitioner " + p.getClass().getName());
            for (DecoratedKey k : keys)
            {
                long[] hash = new long[2];
                k.filterHash(hash);
                System.out.println("'" + hex(k.getKey()) + "' " + (p.preservesOrder() ? "key" : k.getToken()) + " " + hash[0] + " " + hash[1]
                                   + " " + comparable(k.asComparableBytes(ByteComparable.Version.OSS50)));
            }
        }
    }

    /** Types separated by ';', tab, values (`null` or quoted hex) separated by ',', tab, kind, tab, form. */
    static void clusterings(int count)
    {
        for (int i = 0; i < count; i++)
        {
            List<AbstractType<?>> types = new ArrayList<>();
            for (int n = random.nextInt(4); n >= 0; n--)
            {
                AbstractType<?> t = random.nextInt(4) == 0 ? type(1, true) : SIMPLE[random.nextInt(SIMPLE.length)];
                types.add(random.nextBoolean() ? ReversedType.getInstance(t) : t);
            }
            ClusteringComparator comparator = new ClusteringComparator(types);
            ClusteringPrefix.Kind[] kinds = { ClusteringPrefix.Kind.CLUSTERING, ClusteringPrefix.Kind.INCL_START_BOUND, ClusteringPrefix.Kind.EXCL_START_BOUND,
                ClusteringPrefix.Kind.INCL_END_BOUND, ClusteringPrefix.Kind.EXCL_END_BOUND, ClusteringPrefix.Kind.STATIC_CLUSTERING,
                ClusteringPrefix.Kind.INCL_END_EXCL_START_BOUNDARY, ClusteringPrefix.Kind.EXCL_END_INCL_START_BOUNDARY };
            ClusteringPrefix.Kind kind = kinds[random.nextInt(kinds.length)];
            int n = kind == ClusteringPrefix.Kind.CLUSTERING ? types.size() : kind == ClusteringPrefix.Kind.STATIC_CLUSTERING ? 0 : (kind.isBoundary() ? 1 : 0) + random.nextInt(types.size() + (kind.isBoundary() ? 0 : 1));
            ByteBuffer[] values = new ByteBuffer[n];
            StringJoiner shown = new StringJoiner(",");
            StringJoiner names = new StringJoiner(";");
            types.forEach(t -> names.add(t.toString()));
            for (int v = 0; v < n; v++)
            {
                AbstractType<?> t = types.get(v).isReversed() ? ((ReversedType<?>) types.get(v)).baseType : types.get(v);
                values[v] = random.nextInt(9) == 0 ? null : value(t);
                shown.add(values[v] == null ? "null" : "'" + hex(values[v]) + "'");
            }
            ClusteringPrefix<?> prefix = kind == ClusteringPrefix.Kind.CLUSTERING ? Clustering.make(values)
                : kind == ClusteringPrefix.Kind.STATIC_CLUSTERING ? Clustering.STATIC_CLUSTERING
                : kind.isBoundary() ? BufferClusteringBoundary.create(kind, values) : BufferClusteringBound.create(kind, values);
            System.out.println(names + "\t" + shown + "\t" + kind + "\t" + comparable(comparator.asByteComparable(prefix).asComparableBytes(ByteComparable.Version.OSS50)));
        }
    }
}
