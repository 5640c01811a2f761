import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.db.DecoratedKey;
import org.apache.cassandra.dht.Murmur3Partitioner;
import org.apache.cassandra.io.sstable.CQLSSTableWriter;
import org.apache.cassandra.utils.ByteBufferUtil;

/**
 * A big table for scripts/memory_test, written by Cassandra's own bulk writer.
 *
 *   cassandra java MemoryTable.java OUTDIR many|one MIB
 *
 * OUTDIR ends in KEYSPACE/TABLE. "many" makes partitions of 64 rows, "one" a single partition; each row has about 1 KiB of text
 * that compresses two to three times. Written in the order of the SSTable, a partition at a time: "one" needs a heap of 4 GB.
 */
public class MemoryTable
{
    private static final int ROWS_PER_PARTITION = 64;
    private static final int TEXT = 1000;

    public static void main(String[] args) throws Exception
    {
        Path out = Path.of(args[0]).toAbsolutePath();
        boolean many = args[1].equals("many");
        long rows = Long.parseLong(args[2]) * 1024 * 1024 / TEXT + 1;
        DatabaseDescriptor.clientInitialization(false);
        DatabaseDescriptor.setPartitionerUnsafe(Murmur3Partitioner.instance);
        Files.createDirectories(out);
        String table = out.getParent().getFileName() + "." + out.getFileName().toString().replaceFirst("-[0-9a-f]{32}$", "");
        // The writer keeps the order in which it is given partitions, so they must come by token.
        int partitions = many ? (int) (rows / ROWS_PER_PARTITION + 1) : 1;
        List<DecoratedKey> keys = new ArrayList<>();
        for (int number = 0; number < partitions; number++)
            keys.add(Murmur3Partitioner.instance.decorateKey(ByteBufferUtil.bytes("key-" + number)));
        Collections.sort(keys);
        long rowsEach = many ? ROWS_PER_PARTITION : rows;
        CQLSSTableWriter.Builder builder = CQLSSTableWriter.builder().inDirectory(out.toString())
            .forTable("CREATE TABLE " + table + " (id text, n bigint, note text, value double, PRIMARY KEY (id, n))")
            .using("INSERT INTO " + table + " (id, n, note, value) VALUES (?, ?, ?, ?)").sorted();
        Random random = new Random(7);
        byte[] text = new byte[TEXT];
        try (CQLSSTableWriter writer = builder.build())
        {
            for (DecoratedKey key : keys)
            {
                String id = ByteBufferUtil.string(key.getKey());
                for (long row = 0; row < rowsEach; row++)
                {
                    for (int at = 0; at < TEXT; at++)
                        text[at] = (byte) (at % 3 == 0 ? 'a' + random.nextInt(26) : 'a' + at % 23);
                    writer.addRow(id, row, new String(text, StandardCharsets.US_ASCII), row / 8.0);
                }
            }
        }
        System.err.println(rowsEach * partitions + " rows in " + table);
        System.exit(0);
    }
}
