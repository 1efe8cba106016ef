/** How far a pull is, added up over its layers. Pure. */
import type { Progress } from './protocol.ts';

/** One line of the engine's answer to `POST /images/create`. */
export interface PullEvent {
  /** The layer. */
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
}

export class PullProgress {
  readonly #layers = new Map<string, { downloaded: number; total: number }>();

  /** The sums after this event, undefined before any size is known. A layer that is being unpacked has been downloaded. */
  add({ id, status, progressDetail: detail }: PullEvent): Progress | undefined {
    const layer = id === undefined ? undefined : this.#layers.get(id);
    if (id !== undefined && status === 'Downloading' && detail?.total) {
      this.#layers.set(id, { downloaded: detail.current ?? 0, total: detail.total });
    } else if (layer && (status === 'Download complete' || status === 'Pull complete')) {
      layer.downloaded = layer.total;
    }
    if (this.#layers.size === 0) return undefined;
    const sums = { downloaded: 0, total: 0 };
    for (const { downloaded, total } of this.#layers.values()) {
      sums.downloaded += downloaded;
      sums.total += total;
    }
    return sums;
  }
}
