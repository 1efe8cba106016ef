/** The fewest lines that could keep what comes by the thousand: a queue, and a synced batch. */
import { Level } from 'level';

/** @returns what appends 300 bytes, and resolves when they are on disk */
export async function bareStore(directory: string): Promise<() => Promise<void>> {
  const db = new Level<string, string>(directory, { writeBufferSize: 16 << 20 });
  await db.open();
  const text = 'x'.repeat(300);
  let number = 0;
  let waiting: (() => void)[] = [];
  let flushing = false;
  const flush = async (): Promise<void> => {
    flushing = true;
    await null;
    while (waiting.length > 0) {
      const told = waiting;
      waiting = [];
      await db.batch(
        told.map(() => ({ type: 'put', key: String(++number).padStart(12, '0'), value: text })),
        { sync: true },
      );
      for (const tell of told) tell();
    }
    flushing = false;
  };
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (!flushing) void flush();
    });
}
