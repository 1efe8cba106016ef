/** The shapes of the server's answers: something else may answer at its address. */
import { z } from 'zod';
import { VERBS } from '../workflows/template/document.ts';
import {
  type Assignment,
  attemptKey,
  type DataAnswer,
  type DiscoverAnswer,
  type HeartbeatAnswer,
  type HelloAnswer,
  type InventoryAnswer,
  type LogAnswer,
  type ReportAnswer,
  type ServiceReportAnswer,
  type ServicesAnswer,
} from './protocol.ts';

const containerRun = z.object({
  kind: z.literal('container'),
  image: z.string(),
  pull: z.string(),
  mountsExecutable: z.boolean(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  volumes: z.array(z.string()),
  pid: z.string().optional(),
  network: z.string().optional(),
  privileged: z.boolean().optional(),
  memory: z.number().optional(),
  cpus: z.number().optional(),
  secrets: z.array(z.string()),
});

const jobRun = z.object({
  kind: z.literal('job'),
  job: z.string().min(1),
  steps: z.array(
    z.union([
      z.object({ name: z.string(), timeout: z.number().min(0).optional(), container: containerRun }),
      z.object({
        name: z.string(),
        timeout: z.number().min(0).optional(),
        path: z.string().optional(),
        content: z.string(),
        interpreter: z.string().optional(),
      }),
    ]),
  ),
  environment: z.record(z.string(), z.string()),
  codes: z.enum(['sane', 'original']),
  secrets: z.array(z.string()),
});

export const assignmentAnswer: z.ZodType<Assignment> = z.discriminatedUnion('kind', [
  attemptKey.extend({
    kind: z.literal('action'),
    task: z.string(),
    name: z.string(),
    total: z.int().min(1),
    timeout: z.number().min(0),
    background: z.boolean(),
    data: z.object({ kind: z.enum(['json', 'binary']), limit: z.number().min(0) }),
    run: z.discriminatedUnion('kind', [
      containerRun,
      z.object({ kind: z.literal('verb'), verb: z.enum(VERBS) }),
      jobRun,
    ]),
  }),
  z.object({ kind: z.literal('verb'), verb: z.enum(VERBS), workflow: z.string() }),
  z.object({ kind: z.literal('exit'), reason: z.string() }),
  z.object({ kind: z.literal('idle'), reason: z.string() }),
]);

const machine = z.object({ id: z.string(), name: z.string() });
export const helloAnswer: z.ZodType<HelloAnswer> = z.object({ machine, time: z.number() });
export const discoverAnswer: z.ZodType<DiscoverAnswer> = z.object({ machine });
export const inventoryAnswer: z.ZodType<InventoryAnswer> = z.object({ kept: z.literal(true) });
export const logAnswer: z.ZodType<LogAnswer> = z.object({ next: z.int().min(0) });
export const heartbeatAnswer: z.ZodType<HeartbeatAnswer> = z.object({ continue: z.boolean(), reason: z.string() });
export const reportAnswer: z.ZodType<ReportAnswer> = z.object({
  acknowledged: z.literal(true),
  outcome: z.enum(['recorded', 'repeated', 'superseded']),
});

export const dataAnswer: z.ZodType<DataAnswer> = z.object({ version: z.int().min(0), merged: z.boolean() });

export const servicesAnswer: z.ZodType<ServicesAnswer> = z.object({
  over: z.array(z.string()),
  services: z.array(
    z.object({
      workflow: z.string().min(1),
      service: z.int().min(0),
      name: z.string(),
      run: containerRun,
      labels: z.array(z.string()),
      ports: z.array(
        z.object({
          port: z.int().min(1).max(65_535),
          published: z.int().min(1).max(65_535).optional(),
          protocol: z.enum(['tcp', 'udp']),
        }),
      ),
      healthcheck: z
        .object({
          test: z.array(z.string()),
          interval: z.number(),
          timeout: z.number(),
          retries: z.number(),
          startPeriod: z.number(),
        })
        .optional(),
      restart: z.object({ when: z.enum(['never', 'on-failure', 'always']), limit: z.number().optional() }),
      starts: z.int().min(0).optional(),
    }),
  ),
});
export const serviceReportAnswer: z.ZodType<ServiceReportAnswer> = z.object({ wanted: z.boolean() });

/** A problem of RFC 9457, as far as it is there. */
export const problemAnswer = z.object({ title: z.string().optional(), detail: z.string().optional() });
