// Writes three tables whose indexes have many pages, and prints length and CRC32 of each index component, which
// tests/index_writer.rs has:
//
//   java IndexTables.java DIR
//
// Run by scripts/cassandra (`java` command), which sets the class path. The format is sstable.selected_format of the
// configuration, which has to have column_index_size: 1KiB.

import java.io.File;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.zip.CRC32;

import org.apache.cassandra.config.DatabaseDescriptor;
import org.apache.cassandra.io.sstable.CQLSSTableWriter;

public class IndexTables
{
    static CQLSSTableWriter open(File dir, String name, String columns, String values) throws Exception
    {
        File folder = new File(dir, name);
        folder.mkdirs();
        return CQLSSTableWriter.builder()
                               .inDirectory(folder.getPath())
                               .forTable("CREATE TABLE ks." + name + " " + columns)
                               .using("INSERT INTO ks." + name + " " + values + " USING TIMESTAMP 1")
                               .build();
    }

    public static void main(String[] args) throws Exception
    {
        DatabaseDescriptor.toolInitialization();
        File dir = new File(args[0]);
        // Many partitions.
        try (CQLSSTableWriter writer = open(dir, "keys", "(k int PRIMARY KEY)", "(k) VALUES (?)"))
        {
            for (int k = 0; k < 1000000; k++)
                writer.addRow(k);
        }
        // Many blocks.
        try (CQLSSTableWriter writer = open(dir, "wide", "(k int, c text, PRIMARY KEY (k, c))", "(k, c) VALUES (?, ?)"))
        {
            for (int i = 0; i < 100000; i++)
                writer.addRow(1, String.format("%050d", i * 97));
        }
        // Separators longer than a page.
        try (CQLSSTableWriter writer = open(dir, "deep", "(k int, c text, PRIMARY KEY (k, c))", "(k, c) VALUES (?, ?)"))
        {
            for (int length = 1000; length <= 6000; length += 1000)
                for (int i = 0; i < 500; i++)
                    writer.addRow(1, "x".repeat(length) + String.format("a%06d", i * 331));
        }
        for (String name : new String[]{ "keys", "wide", "deep" })
        {
            File[] files = new File(dir, name).listFiles();
            Arrays.sort(files);
            for (File file : files)
            {
                if (!file.getName().matches(".*(Data|Index|Summary|Partitions|Rows).db"))
                    continue;
                CRC32 crc = new CRC32();
                crc.update(Files.readAllBytes(file.toPath()));
                System.out.printf("%s %s: %d bytes, CRC32 %08x%n", name, file.getName(), file.length(), crc.getValue());
            }
        }
        System.exit(0);
    }
}
