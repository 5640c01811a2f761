import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.List;
import java.util.Set;

import org.apache.cassandra.tools.NodeProbe;

/**
 * nodetool import of many tables, for a JVM's start takes longer than most: Import JMX_PORT.
 * Standard input: lines of keyspace, table and directory, a tab between. Prints keyspace, table and what failed, if anything did.
 */
public class Import
{
    public static void main(String[] args) throws Exception
    {
        try (NodeProbe probe = new NodeProbe("127.0.0.1", Integer.parseInt(args[0])))
        {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
            for (String line; (line = in.readLine()) != null;)
            {
                String[] parts = line.split("\t");
                String failed;
                try
                {
                    // As nodetool does without options, but the files stay.
                    List<String> directories = probe.importNewSSTables(parts[0], parts[1], Set.of(parts[2]), true, true, true, true, true, false, true, false, false);
                    failed = directories.isEmpty() ? "" : "refused";
                }
                catch (Exception e)
                {
                    failed = e.toString().replaceAll("\\s+", " ");
                }
                System.out.println(parts[0] + "\t" + parts[1] + "\t" + failed);
            }
        }
        System.exit(0);
    }
}
