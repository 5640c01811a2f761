import java.io.BufferedReader;
import java.io.InputStreamReader;

import org.apache.cassandra.db.ColumnFamilyStore;
import org.apache.cassandra.db.Keyspace;
import org.apache.cassandra.io.sstable.Descriptor;
import org.apache.cassandra.io.sstable.IVerifier;
import org.apache.cassandra.io.sstable.format.SSTableReader;
import org.apache.cassandra.io.util.File;
import org.apache.cassandra.schema.Schema;
import org.apache.cassandra.tools.Util;
import org.apache.cassandra.utils.OutputHandler;

/**
 * sstableverify -e of many SSTables in one JVM. Standard input: lines of a keyspace, a tab, a table, a tab and a Data file
 * below the data directory. Prints, for each, the file, a tab, and "ok" or what is wrong.
 */
public class Verify
{
    public static void main(String[] args) throws Exception
    {
        Util.initDatabaseDescriptor();
        Schema.instance.loadFromDisk();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;)
        {
            String[] parts = line.split("\t");
            String verdict;
            try
            {
                ColumnFamilyStore table = Keyspace.openWithoutSSTables(parts[0]).getColumnFamilyStore(parts[1]);
                verdict = verify(table, new File(parts[2]));
            }
            catch (Throwable error)
            {
                verdict = error.toString().replace('\n', ' ');
            }
            System.out.println(parts[2] + "\t" + verdict);
        }
        System.exit(0);
    }

    private static String verify(ColumnFamilyStore table, File data) throws Exception
    {
        Descriptor descriptor = Descriptor.fromFile(data);
        SSTableReader sstable = SSTableReader.openNoValidation(descriptor, descriptor.discoverComponents(), table);
        StringBuilder warnings = new StringBuilder();
        OutputHandler handler = new OutputHandler()
        {
            public void output(String message) {}
            public void debug(String message) {}
            public void warn(String message) { warnings.append(message).append(' '); }
            public void warn(Throwable error, String message) { warnings.append(message).append(": ").append(error).append(' '); }
        };
        IVerifier.Options options = IVerifier.options().invokeDiskFailurePolicy(false).extendedVerification(true).build();
        try (IVerifier verifier = sstable.getVerifier(table, handler, true, options))
        {
            verifier.verify();
        }
        finally
        {
            sstable.selfRef().release();
        }
        return warnings.length() == 0 ? "ok" : warnings.toString().replace('\n', ' ');
    }
}
