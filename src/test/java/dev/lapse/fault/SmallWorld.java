package dev.lapse.fault;

import dev.lapse.support.OwnPostgres;
import java.util.ArrayList;
import java.util.List;

/**
 * A world of three brokers, whose outbox is on a disk of its own where this process may mount one.
 * Its audit does not see events that were purged, so it is for what purges, too.
 */
record SmallWorld(Campaign campaign, List<Fault> faults, List<SmallDisk> disks)
    implements AutoCloseable {

  private static final int DISK_MEGABYTES = 256;

  static SmallWorld start(long seed) throws Exception {
    OwnPostgres postgres = OwnPostgres.migrated();
    List<Fault> faults = new ArrayList<>();
    List<SmallDisk> disks = new ArrayList<>();
    if (SmallDisk.canMount()) {
      SmallDisk disk = SmallDisk.mounted(DISK_MEGABYTES);
      disks.add(disk);
      disk.take(postgres, "outbox");
    }
    faults.add(DatabaseFaults.diskFull(disks));
    faults.add(KafkaFaults.oneOfThreeLost());
    faults.add(HistoryFaults.restartIdentity());
    return new SmallWorld(new Campaign(World.start(seed, 3, 2, postgres)), faults, disks);
  }

  @Override
  public void close() {
    campaign.close();
    disks.forEach(SmallDisk::close);
  }
}
