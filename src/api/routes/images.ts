/** `/api/v1/images` */
import { Router } from 'express';
import type { Segment } from '../../boots/files/index.ts';
import { BUILTIN_ACTIONS, type StoredImage } from '../../registry/index.ts';
import type { Services } from '../services.ts';
import type { Image } from '../types.ts';

export function imageRoutes({ images, builtins, startedAt }: Services): Router {
  const routes = Router();
  const present = ({ reference, digest, size, platforms, loadedAt }: StoredImage): Image => ({
    reference,
    digest,
    size,
    architecture: platforms.join(', '),
    loadedAt,
    builtin: false,
  });
  const builtin = (): Image[] =>
    BUILTIN_ACTIONS.flatMap((action) => {
      const manifest = builtins?.manifest(action);
      if (!manifest) return [];
      return [
        {
          reference: action,
          digest: manifest.digest,
          size: layersSize(manifest.segments),
          architecture: `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`,
          loadedAt: startedAt,
          builtin: true,
        },
      ];
    });
  routes.get('/', (_req, res) => {
    res.json({ data: [...builtin(), ...images.list().map(present)] });
  });
  routes.post('/', async (req, res) => {
    const loaded = await images.load(req, {
      name: 'the archive',
      as: typeof req.query.as === 'string' ? req.query.as : undefined,
    });
    res.status(201).json({ data: loaded.map(present) });
  });
  routes.delete('/:reference', async (req, res) => {
    res.json({ data: await images.remove(req.params.reference) });
  });
  return routes;
}

/** Bytes of the layers that a manifest names. */
function layersSize(manifest: readonly Segment[]): number {
  const text = Buffer.concat(
    manifest.flatMap((segment) => (segment.kind === 'bytes' ? [segment.bytes] : [])),
  ).toString();
  const { layers } = JSON.parse(text) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0);
}
