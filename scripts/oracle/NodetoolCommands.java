import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.apache.cassandra.tools.INodeProbeFactory;
import org.apache.cassandra.tools.NodeProbe;
import org.apache.cassandra.tools.NodeTool;
import org.apache.cassandra.tools.Output;

/**
 * Many commands of nodetool in one JVM, whose start takes longer than most of them.
 *
 *   java NodetoolCommands.java -h HOST -p PORT
 *
 * Standard input: lines of one command and its arguments, with tabs between them.
 * Standard output: for each of them `ok`, or `failed`, a tab and what it said.
 */
public class NodetoolCommands
{
    private static class Probes implements INodeProbeFactory
    {
        public NodeProbe create(String host, int port) throws IOException
        {
            return new NodeProbe(host, port);
        }

        public NodeProbe create(String host, int port, String user, String password) throws IOException
        {
            return new NodeProbe(host, port, user, password);
        }
    }

    public static void main(String[] args) throws Exception
    {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;)
        {
            List<String> command = new ArrayList<>(Arrays.asList(args));
            command.addAll(Arrays.asList(line.split("\t")));
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            PrintStream stream = new PrintStream(said);
            int status = new NodeTool(new Probes(), new Output(stream, stream)).execute(command.toArray(new String[0]));
            stream.flush();
            System.out.println((status == 0 ? "ok" : "failed") + "\t" + said.toString().trim().replaceAll("\\s+", " "));
        }
        System.exit(0);
    }
}
