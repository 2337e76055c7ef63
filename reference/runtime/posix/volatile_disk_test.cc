#include "reference/runtime/posix/volatile_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "reference/runtime/posix/posix_env.h"

namespace kp::runtime::posix {
namespace {

class VolatileDiskTest : public ::testing::Test {
 protected:
  VolatileDiskTest() {
    std::string name = (std::filesystem::temp_directory_path() / "kp-volatile-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~VolatileDiskTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ + "/file"; }
  std::string OnDisk() { return *env_.disk().ReadAll(Path()); }
  void Sync(File& file) {
    bool done = false;
    file.Sync([&done](const Status& status) { done = status.ok(); });
    ASSERT_TRUE(env_.RunUntil([&done] { return done; }, 5s).ok());
  }

  std::string folder_;
  PosixEnv env_{{.name = "test", .seed = 1}};
  VolatileDisk disk_{env_, env_.disk()};
};

TEST_F(VolatileDiskTest, OnlyWhatWasSyncedIsOnTheDisk) {
  auto file = std::move(*disk_.Open(Path(), Disk::OpenMode::kCreate));
  ASSERT_TRUE(file->Write(0, "first").ok());
  Sync(*file);
  EXPECT_EQ(OnDisk(), "first");
  ASSERT_TRUE(file->Write(5, " second").ok());
  EXPECT_EQ(OnDisk(), "first");
  EXPECT_EQ(*file->Read(0, 100), "first second");
  EXPECT_EQ(*disk_.ReadAll(Path()), "first second");
  EXPECT_EQ(file->Size(), 12u);
}

// Each sector of an unsynced write is as it was or as it was to be.
TEST_F(VolatileDiskTest, APowerCutLosesOrTearsBySector) {
  int torn = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    VolatileDisk disk(env_, env_.disk());
    auto file = std::move(*disk.Open(Path(), Disk::OpenMode::kCreate));
    ASSERT_TRUE(file->Write(0, std::string(4096, 'a')).ok());
    Sync(*file);
    ASSERT_TRUE(file->Write(100, std::string(3000, 'b')).ok());
    Random random(seed);
    disk.PowerCut(random);
    const std::string left = OnDisk();
    ASSERT_EQ(left.size(), 4096u);
    size_t kept = 0;
    for (size_t sector = 0; sector < 8; ++sector) {
      const std::string_view bytes = std::string_view(left).substr(sector * 512, 512);
      const size_t changed = static_cast<size_t>(std::count(bytes.begin(), bytes.end(), 'b'));
      // The write covers bytes 100 to 3099.
      const size_t whole = sector == 0 ? 412 : sector < 6 ? 512 : sector == 6 ? 28 : 0;
      ASSERT_TRUE(changed == 0 || changed == whole) << "seed " << seed << " sector " << sector << ": " << changed;
      kept += changed;
    }
    torn += kept > 0 && kept < 3000 ? 1 : 0;
  }
  EXPECT_GT(torn, 5);
}

}  // namespace
}  // namespace kp::runtime::posix
