/** All that workflows ask of server, store and worker, measured. */
import type { Row } from '../report.ts';

/**
 * Measures one after another.
 *
 * @param progress told what is being measured
 */
export async function benchWorkflows(progress: (text: string) => void): Promise<Row[]> {
  progress('nothing yet');
  return [];
}
