import { Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** What a tag's value can't hold: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const UNTAGGABLE = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;

/** Everything below this construct says whose it is: what it costs can be asked for by that. */
export const tagInstallation = (construct: Construct, name: string): void =>
  Tags.of(construct).add('watchbill:installation', name.replaceAll(UNTAGGABLE, '-'));

/** Everything below this construct says what it is for, unless something nearer to it does. */
export const tagPart = (construct: Construct, part: string): void =>
  Tags.of(construct).add('watchbill:part', part);
