import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.cql3.QueryProcessor;
import org.apache.cassandra.cql3.UntypedResultSet;
import org.apache.cassandra.db.ColumnFamilyStore;
import org.apache.cassandra.db.DecoratedKey;
import org.apache.cassandra.db.Keyspace;
import org.apache.cassandra.db.Mutation;
import org.apache.cassandra.db.SystemKeyspace;
import org.apache.cassandra.db.commitlog.CommitLog;
import org.apache.cassandra.db.context.CounterContext;
import org.apache.cassandra.db.marshal.AbstractType;
import org.apache.cassandra.db.marshal.Int32Type;
import org.apache.cassandra.db.marshal.LongType;
import org.apache.cassandra.db.marshal.MapType;
import org.apache.cassandra.db.marshal.UTF8Type;
import org.apache.cassandra.db.partitions.PartitionUpdate;
import org.apache.cassandra.db.rows.BTreeRow;
import org.apache.cassandra.db.rows.BufferCell;
import org.apache.cassandra.db.rows.CellPath;
import org.apache.cassandra.db.rows.Row;
import org.apache.cassandra.dht.IPartitioner;
import org.apache.cassandra.service.StorageService;
import org.apache.cassandra.utils.ByteBufferUtil;
import org.apache.cassandra.utils.CounterId;
import org.apache.cassandra.utils.FBUtilities;

/**
 * The storage engine and CQL of an older release, 3.0 to 4.1, without a server: none of them starts one on Java 17.
 * Standard input, a command a line, in which \n, \r and \\ are escaped:
 *
 *   host UUID             the host id that SSTables are said to come from
 *   flush KS[.TABLE]      write memtables to SSTables
 *   compact KS.TABLE
 *   sleep MILLISECONDS
 *   answer FILE QUERY     a SELECT JSON to a file, a row a line
 *   super KS.TABLE        make a table of super columns, which no CQL does, and write some
 *   shards KS.TABLE       write counters with global, local and remote shards to (k int, c int, n counter), as 2.0 left them
 *   CQL
 *
 * What differs between the releases goes through reflection.
 */
public class Legacy
{
    private static int line;

    public static void main(String[] args)
    {
        int status = 1;
        String text = "";
        try
        {
            start();
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while ((text = in.readLine()) != null)
            {
                line++;
                run(unescape(text));
            }
            status = 0;
        }
        catch (Throwable t)
        {
            System.err.println("line " + line + ": " + text);
            (t instanceof InvocationTargetException ? t.getCause() : t).printStackTrace();
        }
        System.err.flush();
        // Not exit(): Cassandra's threads go on, and its shutdown hooks wait for a server.
        Runtime.getRuntime().halt(status);
    }

    private static void start() throws Exception
    {
        // 3.0 and 3.7 do it when the class is first used.
        if (has(DatabaseDescriptor.class, "daemonInitialization"))
            call(DatabaseDescriptor.class, "daemonInitialization");
        DatabaseDescriptor.createAllDirectories();
        if (has(CommitLog.class, "start"))
            call(CommitLog.instance, "start");
        Object schema = named("org.apache.cassandra.schema.Schema", "org.apache.cassandra.config.Schema").getField("instance").get(null);
        call(schema, "loadFromDisk");
        Keyspace.setInitialized();
    }

    private static void run(String text) throws Exception
    {
        String[] words = text.split(" ", 3);
        switch (words[0])
        {
            case "host":
                Object address = call(FBUtilities.class, has(FBUtilities.class, "getBroadcastAddressAndPort") ? "getBroadcastAddressAndPort" : "getBroadcastAddress");
                call(call(StorageService.instance, "getTokenMetadata"), "updateHostId", UUID.fromString(words[1]), address);
                call(SystemKeyspace.class, "setLocalHostId", UUID.fromString(words[1]));
                break;
            case "flush":
                for (ColumnFamilyStore store : words[1].contains(".") ? List.of(store(words[1])) : Keyspace.open(words[1]).getColumnFamilyStores())
                    flush(store);
                break;
            case "compact":
                store(words[1]).forceMajorCompaction();
                break;
            case "system":
                call(named("org.apache.cassandra.schema.SchemaKeyspace"), "saveSystemKeyspacesSchema");
                break;
            case "sleep":
                Thread.sleep(Long.parseLong(words[1]));
                break;
            case "answer":
                answer(words[1], words[2]);
                break;
            case "super":
                superColumns(words[1]);
                break;
            case "shards":
                shards(words[1]);
                break;
            default:
                QueryProcessor.executeOnceInternal(text);
        }
    }

    private static void answer(String file, String query) throws Exception
    {
        List<String> rows = new ArrayList<>();
        try
        {
            for (UntypedResultSet.Row row : QueryProcessor.executeOnceInternal(query))
                rows.add(row.getString("[json]"));
        }
        catch (RuntimeException e)
        {
            // 3.0.6 fails on the JSON of some frozen collections.
            file += ".failed";
            rows = List.of(e.toString());
        }
        Files.write(Paths.get(file), rows, StandardCharsets.UTF_8);
    }

    private static String unescape(String text)
    {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++)
        {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length())
            {
                c = text.charAt(++i);
                c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
            }
            out.append(c);
        }
        return out.toString();
    }

    private static ColumnFamilyStore store(String name)
    {
        String[] names = name.split("\\.");
        return Keyspace.open(names[0]).getColumnFamilyStore(names[1]);
    }

    /** From 4.1 on it wants a reason: any is right. */
    private static void flush(ColumnFamilyStore store) throws Exception
    {
        Method flush = method(ColumnFamilyStore.class, "forceBlockingFlush", null);
        flush.invoke(store, flush.getParameterCount() == 0 ? new Object[0] : new Object[] { flush.getParameterTypes()[0].getEnumConstants()[0] });
    }

    private static void shards(String name) throws Exception
    {
        CounterId[] nodes = new CounterId[3];
        for (int i = 0; i < nodes.length; i++)
            nodes[i] = CounterId.fromInt(i + 1);
        ByteBuffer[] contexts = {
            context(0, 0, 1, nodes), context(0, 1, 0, nodes), context(1, 0, 0, nodes), context(0, 1, 2, nodes), context(1, 1, 1, nodes),
            context(3, 0, 0, nodes), context(0, 0, 3, nodes) };
        for (int i = 0; i < contexts.length; i++)
            write(name, Int32Type.instance.decompose(i / 3), i, "n", contexts[i], null);
    }

    /** A shard of each kind at its own node, in the order of the nodes. */
    private static ByteBuffer context(int globals, int locals, int remotes, CounterId[] nodes)
    {
        CounterContext.ContextState state = CounterContext.ContextState.allocate(globals, locals, remotes);
        for (int i = 0; i < globals + locals + remotes; i++)
        {
            long clock = 10 + i, count = (i + 1) * 100;
            if (i < globals)
                state.writeGlobal(nodes[i], clock, count);
            else if (i < globals + locals)
                state.writeLocal(nodes[i], clock, count);
            else
                state.writeRemote(nodes[i], clock, count);
        }
        return state.context;
    }

    /** Until 3.11 the schema can say `super`; the columns within one are a map whose name is empty. */
    private static void superColumns(String name) throws Exception
    {
        String[] names = name.split("\\.");
        Class<?> builders = Class.forName("org.apache.cassandra.config.CFMetaData$Builder");
        Object builder = call(builders, "createSuper", names[0], names[1], false);
        call(builder, "addPartitionKey", "key", UTF8Type.instance);
        call(builder, "addClusteringColumn", "column1", Int32Type.instance);
        call(builder, "addRegularColumn", "", MapType.getInstance(UTF8Type.instance, LongType.instance, true));
        Class<?> manager = named("org.apache.cassandra.service.MigrationManager");
        call(manager, "announceNewColumnFamily", call(builder, "build"), true);
        for (int i = 0; i < 12; i++)
            write(name, UTF8Type.instance.decompose("super" + i / 6), i / 2, "", LongType.instance.decompose(i * 1000L),
                  CellPath.create(ByteBufferUtil.bytes("sub" + i)));
    }

    /** One cell of a table with one clustering column, as it is. */
    private static void write(String name, ByteBuffer key, int clustering, String column, ByteBuffer value, CellPath path) throws Exception
    {
        ColumnFamilyStore store = store(name);
        Object table = ColumnFamilyStore.class.getField("metadata").get(store);
        if (has(ColumnFamilyStore.class, "metadata"))
            table = call(store, "metadata");
        Object definition = call(table, has(table.getClass(), "getColumnDefinition") ? "getColumnDefinition" : "getColumn", ByteBufferUtil.bytes(column));
        List<Object> arguments = new ArrayList<>(List.of(definition, 1000L, value));
        if (path != null)
            arguments.add(path);
        // 3.0 to 3.7 also want the table.
        if (!matches(BufferCell.class, "live", arguments.toArray()))
            arguments.add(0, table);
        Object cell = call(BufferCell.class, "live", arguments.toArray());
        Row.Builder row = (Row.Builder) call(BTreeRow.class, "sortedBuilder");
        call(row, "newRow", call(table.getClass().getField("comparator").get(table), "make", (Object) new Object[] { clustering }));
        call(row, "addCell", cell);
        DecoratedKey decorated = ((IPartitioner) store.getPartitioner()).decorateKey(key);
        new Mutation((PartitionUpdate) call(PartitionUpdate.class, "singleRowUpdate", table, decorated, row.build())).apply();
    }

    // ---- reflection ----

    private static Class<?> named(String... names) throws ClassNotFoundException
    {
        for (String name : names)
        {
            try { return Class.forName(name); }
            catch (ClassNotFoundException e) { }
        }
        throw new ClassNotFoundException(names[0]);
    }

    private static boolean has(Class<?> type, String name)
    {
        for (Method method : type.getMethods())
            if (method.getName().equals(name))
                return true;
        return false;
    }

    private static boolean matches(Class<?> type, String name, Object[] arguments)
    {
        try { return method(type, name, arguments) != null; }
        catch (NoSuchMethodException e) { return false; }
    }

    /** The method that takes the arguments; any of this name without them. */
    private static Method method(Class<?> type, String name, Object[] arguments) throws NoSuchMethodException
    {
        List<Method> methods = new ArrayList<>(List.of(type.getMethods()));
        methods.addAll(List.of(type.getDeclaredMethods()));
        for (Method method : methods)
        {
            Class<?>[] parameters = method.getParameterTypes();
            boolean fits = method.getName().equals(name) && !method.isBridge() && (arguments == null || arguments.length == parameters.length);
            for (int i = 0; fits && arguments != null && i < parameters.length; i++)
                fits = boxed(parameters[i]).isInstance(arguments[i]);
            if (fits)
            {
                method.setAccessible(true);
                return method;
            }
        }
        throw new NoSuchMethodException(type.getName() + "." + name);
    }

    private static Class<?> boxed(Class<?> type)
    {
        return type == boolean.class ? Boolean.class : type == int.class ? Integer.class : type == long.class ? Long.class : type;
    }

    /** `target`: an object, or the class of a static method. */
    private static Object call(Object target, String name, Object... arguments) throws Exception
    {
        Method method = method(target instanceof Class ? (Class<?>) target : target.getClass(), name, arguments);
        return method.invoke(Modifier.isStatic(method.getModifiers()) ? null : target, arguments);
    }
}
