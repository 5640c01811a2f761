import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.dht.Murmur3Partitioner;
import org.apache.cassandra.io.sstable.CQLSSTableWriter;

/**
 * The tables of scripts/bench: rows as CSV, and what Cassandra's bulk writer makes of the CSV.
 *
 *   cassandra java BenchTables.java schema SHAPE                    the CREATE TABLE statement
 *   cassandra java BenchTables.java csv SHAPE ROWS OUT.csv|- [SEED]  always the same rows of a shape, number and seed
 *   cassandra java BenchTables.java write SHAPE IN.csv OUTDIR [oa|da] [COMPRESSOR]
 *
 * `write` prints how long the rows took, from the first to the end of the writer's close, without the start of Java.
 */
public class BenchTables
{
    private static final String[] WORDS = ("amber basin cedar delta ember fjord grove harbor inlet jetty knoll ledge marsh nectar orchard pebble "
        + "quarry ridge summit thicket upland valley willow yarrow zephyr meadow canyon glacier").split(" ");
    private static final LocalDate FIRST_DAY = LocalDate.of(2024, 1, 1);

    enum Shape
    {
        /** Rows as monitoring has them: text, numbers, a map and a set; partitions of a hundred. */
        readings("sensor text, day date, ts timestamp, value double, status int, note text, tags map<text, text>, flags set<int>",
                 "(sensor, day), ts"),
        /** As little as a row can hold. */
        narrow("id int, c int, v int", "id, c"),
        /** A kilobyte of text a row. */
        text("id int, c int, body text", "id, c"),
        /** Ten elements in each of three collections. */
        collections("id int, c int, l list<text>, s set<int>, m map<text, double>", "id, c"),
        /** All rows in one partition. */
        wide("id text, c int, v double, note text", "id, c"),
        /** One row a partition. */
        tiny("id text, v int", "id"),
        /** A fourth of the rows of `readings`, other ones for each seed, with other values. */
        overlap(readings.columns, readings.key);

        final String columns;
        final String key;
        final List<String> names = new ArrayList<>();
        final List<String> types = new ArrayList<>();

        Shape(String columns, String key)
        {
            this.columns = columns;
            this.key = key;
            for (String column : columns.split(", (?=[a-z]+ )"))
            {
                names.add(column.substring(0, column.indexOf(' ')));
                types.add(column.substring(column.indexOf(' ') + 1));
            }
        }

        String create(String with)
        {
            return "CREATE TABLE bench." + name() + " (" + columns + ", PRIMARY KEY (" + key + "))" + with;
        }
    }

    public static void main(String[] args) throws Exception
    {
        Shape shape = Shape.valueOf(args[1]);
        switch (args[0])
        {
            case "schema" -> System.out.println(shape.create(";"));
            case "csv" -> csv(shape, Long.parseLong(args[2]), args[3], args.length > 4 ? Long.parseLong(args[4]) : 1);
            case "write" -> write(shape, args[2], args[3], args.length > 4 ? args[4] : "oa", args.length > 5 ? args[5] : "LZ4Compressor");
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.exit(0);
    }

    // ---- rows as CSV ----

    private static void csv(Shape shape, long rows, String out, long seed) throws IOException
    {
        Random random = new Random(seed * 7919 + shape.ordinal());
        try (Writer writer = new BufferedWriter(new OutputStreamWriter(out.equals("-") ? System.out : Files.newOutputStream(Path.of(out)),
                                                                       StandardCharsets.US_ASCII), 1 << 18))
        {
            writer.write(String.join(",", shape.names) + "\n");
            StringBuilder line = new StringBuilder();
            for (long row = 0; row < rows; row++)
            {
                line.setLength(0);
                if (shape == Shape.overlap && random.nextInt(4) != 0)
                    continue;
                row(shape, row, random, line);
                writer.append(line.append('\n'));
            }
        }
    }

    private static void row(Shape shape, long row, Random random, StringBuilder out)
    {
        long partition = row / 100;
        int position = (int) (row % 100);
        switch (shape)
        {
            case readings, overlap ->
            {
                LocalDate day = FIRST_DAY.plusDays(partition % 365);
                out.append("sensor-");
                digits(out, partition / 365, 6);
                out.append(',').append(day).append(',').append(day).append(' ');
                int second = position * 864;
                digits(out, second / 3600, 2);
                out.append(':');
                digits(out, second / 60 % 60, 2);
                out.append(':');
                digits(out, second % 60, 2);
                // What decides on the row is no part of the seed, so that all seeds mean the same rows.
                out.append('.');
                digits(out, (row * 7919) % 1000, 3);
                out.append("+0000,").append(random.nextGaussian() * 100).append(',').append(random.nextInt(5)).append(',');
                words(out, 6 + random.nextInt(8), random);
                out.append(",\"{'unit': '").append(word(random)).append("', 'site': 's").append(random.nextInt(50)).append("'}\",\"{")
                   .append(random.nextInt(10)).append(", ").append(10 + random.nextInt(10)).append("}\"");
            }
            case narrow -> out.append(partition).append(',').append(position).append(',').append(random.nextInt());
            case text ->
            {
                out.append(partition).append(',').append(position).append(',');
                int start = out.length();
                while (out.length() - start < 1016)
                    out.append(word(random)).append(' ');
                out.append(random.nextInt(100000));
            }
            case collections ->
            {
                out.append(partition).append(',').append(position).append(",\"[");
                for (int at = 0; at < 10; at++)
                    out.append(at == 0 ? "'" : ", '").append(word(random)).append("'");
                out.append("]\",\"{");
                for (int at = 0; at < 10; at++)
                    out.append(at == 0 ? "" : ", ").append(at * 1000 + random.nextInt(1000));
                out.append("}\",\"{");
                for (int at = 0; at < 10; at++)
                    out.append(at == 0 ? "'" : ", '").append(WORDS[at]).append("': ").append(random.nextDouble());
                out.append("}\"");
            }
            case wide ->
            {
                out.append("all,").append(row).append(',').append(random.nextDouble()).append(',');
                words(out, 6, random);
            }
            case tiny ->
            {
                out.append("key-");
                digits(out, row, 9);
                out.append(',').append(random.nextInt(1000));
            }
        }
    }

    private static void digits(StringBuilder out, long number, int width)
    {
        int start = out.length();
        out.append(number);
        while (out.length() - start < width)
            out.insert(start, '0');
    }

    private static String word(Random random)
    {
        return WORDS[random.nextInt(WORDS.length)];
    }

    private static void words(StringBuilder out, int count, Random random)
    {
        for (int at = 0; at < count; at++)
            out.append(at == 0 ? "" : " ").append(word(random));
    }

    // ---- CSV as SSTables ----

    private static void write(Shape shape, String in, String outDir, String version, String compressor) throws Exception
    {
        DatabaseDescriptor.clientInitialization(false);
        DatabaseDescriptor.setPartitionerUnsafe(Murmur3Partitioner.instance);
        Files.createDirectories(Path.of(outDir));
        String insert = "INSERT INTO bench." + shape.name() + " (" + String.join(", ", shape.names) + ") VALUES ("
                        + "?, ".repeat(shape.names.size() - 1) + "?)";
        CQLSSTableWriter.Builder builder = CQLSSTableWriter.builder().inDirectory(outDir)
            .forTable(shape.create(" WITH compression = {'class': '" + compressor + "'}"))
            .using(insert).withBufferSizeInMiB(192);
        if (version.equals("da"))
            builder.withFormat(DatabaseDescriptor.getSSTableFormats().get("bti"));
        long rows = 0;
        long started = System.nanoTime();
        try (CQLSSTableWriter writer = builder.build(); BufferedReader reader = Files.newBufferedReader(Path.of(in)))
        {
            reader.readLine();
            int columns = shape.types.size();
            for (String line = reader.readLine(); line != null; line = reader.readLine(), rows++)
            {
                Object[] values = new Object[columns];
                int at = 0;
                for (int column = 0; column < columns; column++)
                {
                    boolean quoted = line.charAt(at) == '"';
                    int end = line.indexOf(quoted ? '"' : ',', quoted ? at + 1 : at);
                    String field = line.substring(quoted ? at + 1 : at, end < 0 ? line.length() : end);
                    values[column] = value(shape.types.get(column), field);
                    at = (quoted ? end + 1 : end) + 1;
                }
                writer.addRow(values);
            }
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        System.err.printf("%d rows in %.3f s%n", rows, seconds);
    }

    private static Object value(String type, String text)
    {
        switch (type)
        {
            case "int":
                return Integer.parseInt(text);
            case "double":
                return Double.parseDouble(text);
            case "date":
                // The first day of the epoch is the middle of the unsigned numbers.
                return (int) (LocalDate.parse(text).toEpochDay() + Integer.MIN_VALUE);
            case "timestamp":
                LocalDate day = LocalDate.parse(text.substring(0, 10));
                return Date.from(day.atTime(LocalTime.parse(text.substring(11, 23))).toInstant(ZoneOffset.UTC));
            case "text":
                return text;
        }
        String[] parts = text.substring(1, text.length() - 1).split("[,:] ");
        for (int at = 0; at < parts.length; at++)
            if (parts[at].startsWith("'"))
                parts[at] = parts[at].substring(1, parts[at].length() - 1);
        String inner = type.substring(type.indexOf('<') + 1, type.length() - 1);
        if (type.startsWith("list"))
            return List.of(parts);
        if (type.startsWith("set"))
        {
            Set<Object> set = new HashSet<>();
            for (String part : parts)
                set.add(value(inner, part));
            return set;
        }
        Map<Object, Object> map = new HashMap<>();
        String valueType = inner.substring(inner.indexOf(' ') + 1);
        for (int at = 0; at + 1 < parts.length; at += 2)
            map.put(parts[at], value(valueType, parts[at + 1]));
        return map;
    }
}
