/** All that workflows ask of server, store and worker, measured. */
import type { Row } from '../report.ts';
import { benchActions } from './actions.ts';
import { benchEvents } from './events.ts';
import { benchLogs } from './logs.ts';
import { benchRendering } from './rendering.ts';
import { benchReports } from './reports.ts';
import { benchStreams } from './streams.ts';

/** What is measured, in this order. */
const PARTS = [benchReports, benchStreams, benchEvents, benchRendering, benchActions, benchLogs];

/**
 * Measures one after another.
 *
 * @param progress told what is being measured
 */
export async function benchWorkflows(progress: (text: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const measure of PARTS) rows.push(...(await measure(progress)));
  return rows;
}
