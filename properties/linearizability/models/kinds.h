// Makers of the models, one a file beside this one.
#pragma once

#include <memory>

#include "properties/linearizability/model.h"

namespace kp::linearizability {

std::unique_ptr<Model> MakeCounter();
std::unique_ptr<Model> MakeFencedMutex();
std::unique_ptr<Model> MakeFifoQueue();
std::unique_ptr<Model> MakeKv();
std::unique_ptr<Model> MakeList();
std::unique_ptr<Model> MakeMultiRegister();
std::unique_ptr<Model> MakeMutex();
std::unique_ptr<Model> MakeOwnedMutex();
std::unique_ptr<Model> MakePriorityQueue();
std::unique_ptr<Model> MakeRegister();
std::unique_ptr<Model> MakeSemaphore(uint32_t permits);
std::unique_ptr<Model> MakeSet();
std::unique_ptr<Model> MakeStack();
std::unique_ptr<Model> MakeUnorderedQueue();

}  // namespace kp::linearizability
