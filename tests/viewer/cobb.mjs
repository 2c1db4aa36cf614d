// Prints what a viewer shows of structured reports: for each report its Cobb angles, with the value
// that was stored and the value that the tool measures again from its four points.
//
//     node cobb.mjs SR.dcm ...

import fs from "node:fs";
import dcmjs from "dcmjs";
import { adaptersSR } from "@cornerstonejs/adapters";
import { metaData } from "@cornerstonejs/core";
import { CobbAngleTool } from "@cornerstonejs/tools";

const SPACING = 0.2;
const plane = {
  rowCosines: [1, 0, 0],
  columnCosines: [0, 1, 0],
  imagePositionPatient: [0, 0, 0],
  imageOrientationPatient: [1, 0, 0, 0, 1, 0],
  rowPixelSpacing: SPACING,
  columnPixelSpacing: SPACING,
  usingDefaultValues: false,
};
metaData.addProvider((type) => (type === "imagePlaneModule" ? plane : undefined), 1000);

const viewport = {
  element: undefined,
  worldToCanvas: ([x, y]) => [x, y],
  canvasToWorld: ([x, y]) => [x, y, 0],
};

/** Dataset of a report with names instead of tags. */
function report(path) {
  const bytes = fs.readFileSync(path);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const file = dcmjs.data.DicomMessage.readFile(buffer);
  return dcmjs.data.DicomMetaDictionary.naturalizeDataset(file.dict);
}

/** Every film that a report names, as the viewer's map of images. */
function images(dataset) {
  const found = {};
  const visit = (item) => {
    const uid = item?.ReferencedSOPSequence?.[0]?.ReferencedSOPInstanceUID;
    const frame = item?.ReferencedSOPSequence?.[0]?.ReferencedFrameNumber ?? 1;
    if (uid) found[uid] = found[`${uid}:${frame}`] = `film:${uid}`;
    for (const child of [item?.ContentSequence ?? []].flat()) visit(child);
  };
  visit(dataset);
  return found;
}

function shown(path) {
  const dataset = report(path);
  const state = adaptersSR.Cornerstone3D.MeasurementReport.generateToolState(
    dataset,
    images(dataset),
    metaData,
  );
  const others = Object.keys(state).filter((name) => name !== "CobbAngle");
  const angles = (state.CobbAngle ?? []).map(({ annotation }) => {
    const { data } = annotation;
    const [target] = Object.keys(data.cachedStats);
    const stored = Number(data.cachedStats[target].angle);
    annotation.invalidated = false;
    new CobbAngleTool()._calculateCachedStats(annotation, undefined, { viewport });
    return { label: data.label, stored, shown: data.cachedStats[target].angle };
  });
  return { path, others, angles };
}

console.log = console.warn = console.info = () => {}; // the adapters tell each group that is no tool
process.stdout.write(JSON.stringify(process.argv.slice(2).map(shown)));
