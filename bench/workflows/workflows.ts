/** All that workflows ask of server, store and worker, measured. */
import type { Row } from '../report.ts';
import { benchEvents } from './events.ts';
import { benchReports } from './reports.ts';
import { benchStreams } from './streams.ts';

/**
 * Measures one after another.
 *
 * @param progress told what is being measured
 */
export async function benchWorkflows(progress: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  progress('reports');
  rows.push(...(await benchReports()));
  progress('streams');
  rows.push(...(await benchStreams()));
  rows.push(...(await benchEvents(progress)));
  return rows;
}
