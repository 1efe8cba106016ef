/** `/api/v1/images` */
import { z } from 'zod';
import type { Segment } from '../../http/files/index.ts';
import { BUILTIN_ACTIONS, type StoredImage } from '../../registry/index.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { image } from '../shapes/appliance.ts';
import { data } from '../shapes/page.ts';
import type { Image } from '../types.ts';

const loadQuery = z.object({ as: z.string().max(500).optional().describe('Name for the image, in place of its own.') });

export function imageOperations({ images, builtins, startedAt }: Services): Operation[] {
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
  return [
    operation(
      {
        id: 'listImages',
        method: 'get',
        path: '/images',
        summary: 'Container images that workers can pull from here.',
        answer: { kind: 'json', shape: data(z.array(image)) },
      },
      () => ({ data: [...builtin(), ...images.list().map(present)] }),
    ),
    operation(
      {
        id: 'loadImages',
        method: 'post',
        path: '/images',
        summary: 'Load images from an archive made by `docker save`, or an OCI image layout as tar.',
        query: loadQuery,
        body: { kind: 'stream' },
        answer: { kind: 'json', shape: data(z.array(image)), status: 201 },
        codes: ['STORE_WRITE_FAILED'],
      },
      async ({ req, query }) => {
        const loaded = await images.load(req, { name: 'the archive', as: query.as });
        return { data: loaded.map(present) };
      },
    ),
    operation(
      {
        id: 'deleteImage',
        method: 'delete',
        path: '/images/:reference',
        summary: 'Delete an image, by the reference that the list shows.',
        answer: { kind: 'json', shape: data(z.object({ freed: z.number().describe('Bytes.') })) },
        codes: ['NOT_FOUND', 'CONFLICT'],
      },
      async ({ params }) => ({ data: await images.remove(params.reference) }),
    ),
  ];
}

/** Bytes of the layers that a manifest names. */
function layersSize(manifest: readonly Segment[]): number {
  const text = Buffer.concat(
    manifest.flatMap((segment) => (segment.kind === 'bytes' ? [segment.bytes] : [])),
  ).toString();
  const { layers } = JSON.parse(text) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0);
}
