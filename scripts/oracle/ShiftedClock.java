import org.apache.cassandra.utils.Clock;

/**
 * A clock for a server (-Dcassandra.clock=ShiftedClock) that begins at another time: -Dcassandra.clock.start=MILLISECONDS.
 * With it a TTL that has run out since the expected answers were taken has not run out again.
 */
public class ShiftedClock implements Clock
{
    private final long shift = Long.getLong("cassandra.clock.start") - System.currentTimeMillis();

    public long nanoTime()
    {
        return System.nanoTime();
    }

    public long currentTimeMillis()
    {
        return System.currentTimeMillis() + shift;
    }
}
