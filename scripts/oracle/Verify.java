import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.db.ColumnFamilyStore;
import org.apache.cassandra.db.Keyspace;
import org.apache.cassandra.db.LivenessInfo;
import org.apache.cassandra.db.rows.Cell;
import org.apache.cassandra.db.rows.Row;
import org.apache.cassandra.db.rows.Unfiltered;
import org.apache.cassandra.db.rows.UnfilteredRowIterator;
import org.apache.cassandra.io.sstable.Component;
import org.apache.cassandra.io.sstable.Descriptor;
import org.apache.cassandra.io.sstable.ISSTableScanner;
import org.apache.cassandra.io.sstable.IVerifier;
import org.apache.cassandra.io.sstable.format.SSTableReader;
import org.apache.cassandra.io.sstable.format.TOCComponent;
import org.apache.cassandra.io.util.File;
import org.apache.cassandra.schema.Schema;
import org.apache.cassandra.schema.TableMetadata;
import org.apache.cassandra.schema.TableMetadataRef;
import org.apache.cassandra.tools.JsonTransformer;
import org.apache.cassandra.tools.Util;
import org.apache.cassandra.utils.OutputHandler;

/**
 * sstableverify -e and sstabledump -l -t of many SSTables in one JVM, whose start takes longer than most of them.
 * The schema is that of the data directory of the configuration.
 *
 * Standard input: lines of keyspace, table, a Data file, the file for the dump and the Data file that it was made of, with
 * tabs between them.
 * Standard output: for each the Data file, a tab, and `ok`, `ambiguous` where its dump does not tell all TTLs, or what is wrong.
 */
public class Verify
{
    public static void main(String[] args) throws Exception
    {
        DatabaseDescriptor.toolInitialization(false);
        Schema.instance.loadFromDisk();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;)
        {
            String[] parts = line.split("\t");
            String result = "ok";
            try
            {
                verify(parts[0], parts[1], new File(parts[2]));
                dump(parts[0], parts[1], new File(parts[2]), Path.of(parts[3]));
                if (isAmbiguous(parts[0], parts[1], new File(parts[4])))
                    result = "ambiguous";
            }
            catch (Throwable e)
            {
                StringBuilder causes = new StringBuilder();
                for (Throwable cause = e; cause != null && causes.length() < 2000; cause = cause.getCause())
                    causes.append(causes.length() == 0 ? "" : "; because of ").append(cause);
                result = causes.toString().replaceAll("\\s+", " ");
            }
            System.out.println(parts[2] + "\t" + result);
        }
        System.exit(0);
    }

    private static void verify(String keyspace, String table, File data) throws Exception
    {
        ColumnFamilyStore store = Keyspace.openWithoutSSTables(keyspace).getColumnFamilyStore(table);
        Descriptor descriptor = Descriptor.fromFileWithComponent(data, false).left;
        Set<Component> components = descriptor.discoverComponents();
        Set<Component> listed = TOCComponent.loadTOC(descriptor, false);
        if (!components.equals(listed))
            throw new IllegalStateException("TOC.txt has " + listed + ", there are " + components);
        SSTableReader sstable = SSTableReader.openNoValidation(descriptor, components, store);
        try
        {
            StringBuilder warnings = new StringBuilder();
            OutputHandler handler = new OutputHandler()
            {
                public void output(String message) {}
                public void debug(String message) {}
                public void warn(String message) { warnings.append(message).append(' '); }
                public void warn(Throwable error, String message) { warnings.append(message).append(": ").append(error).append(' '); }
            };
            IVerifier.Options options = IVerifier.options().invokeDiskFailurePolicy(false).extendedVerification(true).build();
            try (IVerifier verifier = sstable.getVerifier(store, handler, true, options))
            {
                verifier.verify();
            }
            if (warnings.length() > 0)
                throw new IllegalStateException(warnings.toString());
        }
        finally
        {
            sstable.selfRef().release();
        }
    }

    private static void dump(String keyspace, String table, File data, Path to) throws Exception
    {
        Descriptor descriptor = Descriptor.fromFileWithComponent(data, false).left;
        // From the serialization header alone, as the tool does it; but with other options than the table's it would delete the Summary.
        TableMetadata metadata = Util.metadataFromSSTable(descriptor).unbuild()
            .params(Schema.instance.getTableMetadata(keyspace, table).params).build();
        SSTableReader sstable = SSTableReader.openNoValidation(null, descriptor, TableMetadataRef.forOfflineTools(metadata));
        try (ISSTableScanner scanner = sstable.getScanner();
             BufferedOutputStream out = new BufferedOutputStream(Files.newOutputStream(to)))
        {
            JsonTransformer.toJsonLines(scanner, Util.iterToStream(scanner), true, metadata, out);
        }
        finally
        {
            sstable.selfRef().release();
        }
    }

    /**
     * Of a cell in a row with a TTL, sstabledump prints a TTL only where it is not that of the row: without one it has either
     * the row's or none. Taken for the row's where it has its timestamp, or where the table has this TTL for all.
     */
    private static boolean isAmbiguous(String keyspace, String table, File data) throws Exception
    {
        TableMetadata metadata = Schema.instance.getTableMetadata(keyspace, table);
        Descriptor descriptor = Descriptor.fromFileWithComponent(data, false).left;
        SSTableReader sstable = SSTableReader.openNoValidation(null, descriptor, TableMetadataRef.forOfflineTools(
            Util.metadataFromSSTable(descriptor).unbuild().params(metadata.params).build()));
        try (ISSTableScanner scanner = sstable.getScanner())
        {
            while (scanner.hasNext())
            {
                try (UnfilteredRowIterator partition = scanner.next())
                {
                    while (partition.hasNext())
                    {
                        Unfiltered unfiltered = partition.next();
                        if (unfiltered.isRow() && isAmbiguous((Row) unfiltered, metadata.params.defaultTimeToLive))
                            return true;
                    }
                }
            }
            return false;
        }
        finally
        {
            sstable.selfRef().release();
        }
    }

    private static boolean isAmbiguous(Row row, int defaultTtl)
    {
        LivenessInfo liveness = row.primaryKeyLivenessInfo();
        if (!liveness.isExpiring())
            return false;
        for (Cell<?> cell : row.cells())
        {
            if (cell.isTombstone() || cell.isExpiring() && cell.ttl() != liveness.ttl())
                continue;
            boolean same = cell.timestamp() == liveness.timestamp();
            if (cell.isExpiring() != same || same && cell.localDeletionTime() != liveness.localExpirationTime()
                || !same && liveness.ttl() == defaultTtl)
                return true;
        }
        return false;
    }
}
