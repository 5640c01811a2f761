// Prints random CREATE TABLE statements with the table that Cassandra makes of each, for tests/ddl.rs:
//
//   java SchemaTables.java SEED COUNT
//
//   @table      the statement as a user may write it (with its CREATE TYPEs)
//   @columns    kind, name, Java type of each column, a tab between; then dropped ones with `static` or `regular`, time
//   @flags      of the table
//   @schema     what a snapshot's schema.cql would say of it
//
// Run by scripts/cassandra (`java` command), which sets the class path.

import java.nio.ByteBuffer;
import java.util.*;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.cql3.*;
import org.apache.cassandra.cql3.statements.schema.CreateTableStatement;
import org.apache.cassandra.db.marshal.*;
import org.apache.cassandra.schema.*;
import org.apache.cassandra.utils.ByteBufferUtil;

public class SchemaTables
{
    static Random random;

    static final String[] SIMPLE = { "ascii", "BIGINT", "blob", "boolean", "date", "decimal", "double", "float", "inet", "int", "smallint",
        "text", "time", "timestamp", "timeuuid", "tinyint", "uuid", "varchar", "varint", "'org.apache.cassandra.db.marshal.LexicalUUIDType'" };
    static final String[] NESTED = { "frozen<list<int>>", "frozen<map<text,frozen<set<uuid>>>>", "tuple<int, Text>", "frozen<tuple<int,tuple<float>>>",
        "frozen<addr>", "frozen<\"Out er\">", "vector<float, 3>", "vector<frozen<list<int>>,2>", "frozen < set < frozen<addr> > >", "vector<text, 1>" };
    static final String[] LOOSE = { "list<int>", "map<text, frozen<addr>>", "set<frozen<list<text>>>", "plain", "duration", "list<frozen<map<int, int>>>",
        "map<int, vector<int, 2>>" };
    static final String[] NAMES = { "a", "b", "value", "column1", "\"Upper\"", "\"with \"\"quote\"", "\"select\"", "\"größe\"", "k_1", "x9", "\"a b\"", "type", "ttl", "\"1st\"" };

    public static void main(String[] args) throws Exception
    {
        DatabaseDescriptor.clientInitialization();
        random = new Random(Long.parseLong(args[0]));
        Types.RawBuilder raw = Types.rawBuilder("ks");
        raw.add("addr", Arrays.asList("street", "tags"), Arrays.asList("text", "set<text>"));
        raw.add("Out er", Arrays.asList("Home", "n"), Arrays.asList("frozen<addr>", "int"));
        raw.add("plain", Arrays.asList("x", "y"), Arrays.asList("int", "frozen<map<text, int>>"));
        Types types = raw.build();
        for (int i = Integer.parseInt(args[1]); i > 0; i--)
            table(types);
        System.out.flush();
        System.exit(0);
    }

    static String any(String... from) { return from[random.nextInt(from.length)]; }

    static void table(Types types) throws Exception
    {
        List<String> names = new ArrayList<>(Arrays.asList(NAMES));
        Collections.shuffle(names, random);
        boolean compact = random.nextInt(5) == 0;
        boolean counter = random.nextInt(8) == 0;
        int keys = 1 + random.nextInt(3), clusterings = random.nextInt(4), others = random.nextInt(5), drops = compact ? 0 : random.nextInt(3);
        if (compact && clusterings > 0)
            others = Math.min(others, 1);
        if (compact && clusterings == 0)
            others = Math.max(others, 1);
        List<String> partitionKey = new ArrayList<>(), clustering = new ArrayList<>(), columns = new ArrayList<>();
        for (int i = 0; i < keys; i++)
            partitionKey.add(names.remove(0));
        for (int i = 0; i < clusterings; i++)
            clustering.add(names.remove(0));
        boolean inline = keys == 1 && clusterings == 0 && random.nextBoolean();
        for (String name : partitionKey)
            columns.add(name + " " + (random.nextInt(4) == 0 ? any(NESTED) : any(SIMPLE)) + (inline ? " primary key" : ""));
        for (String name : clustering)
            columns.add(name + " " + (random.nextInt(4) == 0 ? any(NESTED) : any(SIMPLE)));
        for (int i = 0; i < others; i++)
        {
            String type = counter ? "counter" : compact ? any(random.nextBoolean() ? SIMPLE : NESTED) : any(random.nextInt(3) == 0 ? SIMPLE : random.nextBoolean() ? NESTED : LOOSE);
            columns.add(names.remove(0) + " " + type + (clusterings > 0 && !compact && random.nextInt(4) == 0 ? " STATIC" : ""));
        }
        Collections.shuffle(columns, random);
        if (!inline)
            columns.add("PRIMARY KEY (" + (keys > 1 || random.nextBoolean() ? "(" + String.join(", ", partitionKey) + ")" : partitionKey.get(0))
                        + (clustering.isEmpty() ? "" : ", " + String.join(", ", clustering)) + ")");
        List<String> options = new ArrayList<>();
        if (!clustering.isEmpty() && random.nextBoolean())
        {
            StringJoiner order = new StringJoiner(", ");
            for (String name : clustering)
                order.add(name + any(" ASC", " desc", " DESC"));
            options.add("clustering order by (" + order + ")");
        }
        if (compact)
            options.add("COMPACT STORAGE");
        if (random.nextBoolean())
            options.add("comment = 'it''s -- a /* test'");
        if (random.nextInt(3) == 0)
            options.add("gc_grace_seconds = " + random.nextInt(1000));
        if (random.nextInt(3) == 0)
            options.add("compression = {'class': 'ZstdCompressor', 'chunk_length_in_kb': " + any("4", "'16'") + "}");
        if (random.nextInt(3) == 0)
            options.add("speculative_retry='99p' and caching={ 'keys' : 'NONE' }");
        options.add("id = 5a1c395e-b41f-11e5-9f22-" + String.format("%012x", random.nextInt() & 0xffffffffL));
        String statement = "CREATE TABLE ks.\"T " + random.nextInt(1000) + "\" (\n    " + String.join(",\n    ", columns) + "\n) WITH " + String.join("\n    AND ", options) + ";";

        TableMetadata.Builder builder = ((CreateTableStatement.Raw) CQLFragmentParser.parseAny(CqlParser::createTableStatement, statement, "CREATE TABLE"))
            .keyspace("ks").prepare(null).builder(types);
        TableMetadata table = builder.build();
        System.out.println("@table");
        types(types);
        System.out.println(statement);
        print(table);

        // The same table with columns dropped, some added again.
        if (drops == 0 || counter)
            return;
        builder = table.unbuild();
        for (int i = 0; i < drops; i++)
        {
            String name = names.remove(0);
            ColumnIdentifier identifier = ColumnIdentifier.getInterned(name.startsWith("\"") ? name.substring(1, name.length() - 1).replace("\"\"", "\"") : name, true);
            AbstractType<?> type = CQLFragmentParser.parseAny(CqlParser::comparatorType, any(random.nextBoolean() ? SIMPLE : random.nextBoolean() ? NESTED : LOOSE), "type").prepare("ks", types).getType();
            boolean isStatic = clusterings > 0 && random.nextBoolean();
            ColumnMetadata column = isStatic ? ColumnMetadata.staticColumn("ks", table.name, identifier.toString(), type) : ColumnMetadata.regularColumn("ks", table.name, identifier.toString(), type);
            builder.recordColumnDrop(column, 1700000000000000L + random.nextInt(1000000));
            if (random.nextBoolean())
                builder.addColumn(column);
        }
        System.out.println("@altered");
        types(types);
        print(builder.build());
    }

    /** In an order in which each comes after those that it uses. */
    static void types(Types types)
    {
        for (String name : new String[]{ "addr", "Out er", "plain" })
            System.out.println(types.getNullable(ByteBufferUtil.bytes(name)).toCqlString(false, true));
    }

    static void print(TableMetadata table)
    {
        System.out.println("@columns");
        for (ColumnMetadata c : table.partitionKeyColumns())
            System.out.println("partition\t" + c.name + "\t" + c.type);
        for (ColumnMetadata c : table.clusteringColumns())
            System.out.println("clustering\t" + c.name + "\t" + c.type);
        for (ColumnMetadata c : table.staticColumns())
            System.out.println("static\t" + c.name + "\t" + c.type);
        for (ColumnMetadata c : table.regularColumns())
            System.out.println("regular\t" + c.name + "\t" + c.type);
        TreeMap<String, DroppedColumn> dropped = new TreeMap<>();
        table.droppedColumns.values().forEach(d -> dropped.put(d.column.name.toString(), d));
        for (DroppedColumn d : dropped.values())
            System.out.println("dropped\t" + d.column.name + "\t" + d.column.type + "\t" + (d.column.isStatic() ? "static" : "regular") + "\t" + d.droppedTime);
        System.out.println("@flags\n" + TableMetadata.Flag.toStringSet(table.flags).stream().sorted().reduce("", (a, b) -> a + " " + b) + " " + table.id);
        System.out.println("@schema");
        System.out.println(table.toCqlString(true, true, true));
    }
}
