package judge

// CaptureInParts is for tests: parts must make no difference.
var CaptureInParts = captureInParts
