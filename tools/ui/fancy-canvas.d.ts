// The part of lightweight-charts' canvas helper that its public types speak of and the dashboard uses.
declare module "fancy-canvas" {
  export interface Size { readonly width: number; readonly height: number }
  export interface BitmapCoordinatesRenderingScope {
    readonly context: CanvasRenderingContext2D;
    readonly mediaSize: Size;
    readonly bitmapSize: Size;
    readonly horizontalPixelRatio: number;
    readonly verticalPixelRatio: number;
  }
  export interface MediaCoordinatesRenderingScope {
    readonly context: CanvasRenderingContext2D;
    readonly mediaSize: Size;
  }
  export interface CanvasRenderingTarget2D {
    useBitmapCoordinateSpace<T>(draw: (scope: BitmapCoordinatesRenderingScope) => T): T;
    useMediaCoordinateSpace<T>(draw: (scope: MediaCoordinatesRenderingScope) => T): T;
  }
}
