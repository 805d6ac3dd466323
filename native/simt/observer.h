// What a race checker is told: who is ordered after whom. Nobody listens unless one is linked.
#pragma once

namespace ottava::simt {

struct Observer {
    virtual ~Observer() = default;
    virtual void begin(int threads) = 0;  // a group of blocks starts
    // A thread arrives; the phase completes; a thread goes on, knowing what all that arrived had done.
    virtual void release(const void* object) = 0;
    virtual void complete(const void* object) = 0;
    virtual void acquire(const void* object) = 0;
};

extern Observer* observer;

inline void released(const void* object) {
    if (observer != nullptr) observer->release(object);
}
inline void completed(const void* object) {
    if (observer != nullptr) observer->complete(object);
}
inline void acquired(const void* object) {
    if (observer != nullptr) observer->acquire(object);
}

}  // namespace ottava::simt
