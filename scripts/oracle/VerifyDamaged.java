import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.db.ColumnFamilyStore;
import org.apache.cassandra.db.Directories;
import org.apache.cassandra.db.Keyspace;
import org.apache.cassandra.io.sstable.Descriptor;
import org.apache.cassandra.io.sstable.IVerifier;
import org.apache.cassandra.io.sstable.format.SSTableReader;
import org.apache.cassandra.io.util.File;
import org.apache.cassandra.schema.KeyspaceMetadata;
import org.apache.cassandra.schema.KeyspaceParams;
import org.apache.cassandra.schema.TableMetadata;
import org.apache.cassandra.schema.TableMetadataRef;
import org.apache.cassandra.tools.Util;
import org.apache.cassandra.utils.OutputHandler;

/**
 * sstableverify -e of many SSTables in one JVM, without a schema: that of a sound SSTable's header is taken.
 *
 * Standard input: lines of a sound Data file and one to verify, with a tab between them.
 * Standard output: for each the second, a tab, and `ok` or what is wrong.
 */
public class VerifyDamaged
{
    private static final int SECONDS = 20;

    public static void main(String[] args) throws Exception
    {
        DatabaseDescriptor.toolInitialization(false);
        ExecutorService workers = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        Map<String, ColumnFamilyStore> stores = new HashMap<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;)
        {
            String[] parts = line.split("\t");
            if (!stores.containsKey(parts[0]))
                stores.put(parts[0], store(new File(parts[0]), stores.size()));
            ColumnFamilyStore store = stores.get(parts[0]);
            String result = "ok";
            Future<?> done = workers.submit(() -> verify(store, new File(parts[1])));
            try
            {
                done.get(SECONDS, TimeUnit.SECONDS);
            }
            catch (TimeoutException e)
            {
                result = "no end after " + SECONDS + " s";
            }
            catch (ExecutionException e)
            {
                StringBuilder causes = new StringBuilder();
                for (Throwable cause = e.getCause(); cause != null && causes.length() < 1000; cause = cause.getCause())
                    causes.append(causes.length() == 0 ? "" : "; because of ").append(cause);
                result = causes.toString().replaceAll("\\s+", " ");
            }
            System.out.println(parts[1] + "\t" + result);
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private static ColumnFamilyStore store(File sound, int number) throws Exception
    {
        TableMetadata metadata = Util.metadataFromSSTable(Descriptor.fromFileWithComponent(sound, false).left);
        TableMetadataRef reference = TableMetadataRef.forOfflineTools(metadata);
        Keyspace keyspace = Keyspace.mockKS(KeyspaceMetadata.create(metadata.keyspace + number, KeyspaceParams.local()));
        return ColumnFamilyStore.createColumnFamilyStore(keyspace, metadata.name, reference, new Directories(metadata), false, false, true);
    }

    private static Void verify(ColumnFamilyStore store, File data)
    {
        Descriptor descriptor = Descriptor.fromFileWithComponent(data, false).left;
        SSTableReader sstable = SSTableReader.openNoValidation(descriptor, descriptor.discoverComponents(), store);
        try
        {
            OutputHandler silent = new OutputHandler()
            {
                public void output(String message) {}
                public void debug(String message) {}
                public void warn(String message) {}
                public void warn(Throwable error, String message) {}
            };
            IVerifier.Options options = IVerifier.options().invokeDiskFailurePolicy(false).extendedVerification(true).build();
            try (IVerifier verifier = sstable.getVerifier(store, silent, true, options))
            {
                verifier.verify();
            }
        }
        finally
        {
            sstable.selfRef().release();
        }
        return null;
    }
}
