-- old
CREATE TABLE "User" ("id" text NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- new
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN'); CREATE TABLE "User" ("id" text NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "role" "Role" NOT NULL DEFAULT 'USER', "updatedAt" timestamp(3), CONSTRAINT "User_pkey" PRIMARY KEY ("id")); CREATE TABLE "Post" ("id" serial NOT NULL, "authorId" text NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id")); CREATE UNIQUE INDEX "User_role_id_key" ON "User"("role", "id"); ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
