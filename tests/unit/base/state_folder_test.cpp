#include <freshet/error.hpp>

#include "base/state_folder.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace freshet {
namespace {

namespace fs = std::filesystem;

class state_folder : public testing::Test {
protected:
    state_folder() {
        std::string name = "/var/tmp/freshet-state-XXXXXX";
        root_ = ::mkdtemp(name.data());
    }
    ~state_folder() override {
        fs::permissions(root_, fs::perms::owner_all);
        fs::remove_all(root_);
    }
    fs::path root_;
};

TEST_F(state_folder, is_made_for_its_owner_alone) {
    const fs::path folder = root_ / "a" / "b";
    EXPECT_FALSE(make_state_folder(folder));
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all);
}

TEST_F(state_folder, that_is_there_keeps_its_permissions) {
    const auto open = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec;
    fs::permissions(root_, open);
    EXPECT_FALSE(make_state_folder(root_));
    EXPECT_EQ(fs::status(root_).permissions(), open);
}

TEST_F(state_folder, under_a_file_is_a_problem_with_a_sentence) {
    std::ofstream(root_ / "file") << "x";
    const auto problem = make_state_folder(root_ / "file" / "folder");
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code, errc::journal_path);
    EXPECT_EQ(problem->effect, effect::not_done);
    EXPECT_NE(problem->text.find((root_ / "file" / "folder").string()), std::string::npos);
    EXPECT_NE(problem->text.find("Not a directory"), std::string::npos);
    EXPECT_NE(problem->text.find("--state"), std::string::npos);
}

TEST_F(state_folder, that_is_not_there_is_looked_at_where_it_will_be_made) {
    EXPECT_FALSE(check_state_folder(root_ / "a" / "b"));
    EXPECT_FALSE(check_state_folder(root_));
    EXPECT_EQ(existing_folder(root_ / "a" / "b"), root_);
    EXPECT_FALSE(fs::exists(root_ / "a"));
    std::ofstream(root_ / "file") << "x";
    EXPECT_TRUE(check_state_folder(root_ / "file"));
    EXPECT_TRUE(check_state_folder(root_ / "file" / "folder"));
    fs::create_symlink(root_ / "none", root_ / "dangling");
    EXPECT_TRUE(check_state_folder(root_ / "dangling"));
}

TEST_F(state_folder, that_cannot_be_written_to_is_a_problem) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
    fs::permissions(root_, fs::perms::owner_read);
    EXPECT_TRUE(make_state_folder(root_));
}

}  // namespace
}  // namespace freshet
