// How the kernel schedules this process.
#pragma once

namespace kp::runtime::posix {

// Asks for short time slices, for the calling thread and those it starts later. A process that works in short bursts
// and waits for the network and the disk in between is then let in sooner when others keep the processors busy; its
// share stays the same. Linux 6.12 and later (EEVDF with a slice per task); without effect elsewhere.
void PreferShortSlices();

}  // namespace kp::runtime::posix
