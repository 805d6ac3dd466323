// A driver of long ago, which lacks most of what Ottava calls.
extern "C" __attribute__((visibility("default"))) int cuInit(unsigned) {
    return 0;
}
extern "C" __attribute__((visibility("default"))) int cuDriverGetVersion(int* version) {
    *version = 11040;
    return 0;
}
