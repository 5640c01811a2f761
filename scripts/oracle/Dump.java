import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.io.sstable.Descriptor;
import org.apache.cassandra.io.sstable.ISSTableScanner;
import org.apache.cassandra.io.sstable.format.SSTableReader;
import org.apache.cassandra.io.util.File;
import org.apache.cassandra.schema.TableMetadata;
import org.apache.cassandra.schema.TableMetadataRef;
import org.apache.cassandra.tools.JsonTransformer;
import org.apache.cassandra.tools.Util;

/**
 * sstabledump -l -t of many SSTables in one JVM, whose start takes longer than most dumps.
 * Standard input: lines of a Data file, a tab, and the file to write.
 */
public class Dump
{
    public static void main(String[] args) throws Exception
    {
        DatabaseDescriptor.toolInitialization(false);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;)
        {
            String[] paths = line.split("\t");
            dump(new File(paths[0]), Path.of(paths[1]));
        }
        System.exit(0);
    }

    private static void dump(File data, Path to) throws Exception
    {
        Descriptor descriptor = Descriptor.fromFileWithComponent(data, false).left;
        TableMetadata metadata = Util.metadataFromSSTable(descriptor);
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
}
